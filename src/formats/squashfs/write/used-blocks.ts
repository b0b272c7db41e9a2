import type { FileContent, StoredBlock } from '../file-content.ts';

/** Blocks that a file system uses; the blocks of hidden files are not included. */
export class UsedBlocks {
  readonly #whole = new Set<StoredBlock>();
  readonly #fragments = new Set<StoredBlock>();

  add({ blocks, fragment }: FileContent): void {
    for (const block of blocks) {
      if (block.storedBytes > 0) {
        this.#whole.add(block);
      }
    }
    if (fragment !== undefined) {
      this.#fragments.add(fragment.block);
    }
  }

  get all(): StoredBlock[] {
    return [...this.#whole, ...this.#fragments];
  }

  /** Returns the fragment blocks, by position. */
  fragments(): StoredBlock[] {
    return [...this.#fragments].sort((one, other) => one.position - other.position);
  }
}
