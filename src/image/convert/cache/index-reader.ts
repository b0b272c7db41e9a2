import type { LayerEntry } from '../layer/layer-entry.ts';
import type { LeafInode, Metadata } from '../../../formats/squashfs/inode.ts';
import {
  createHole,
  decodeSizeWord,
  type FileContent,
  type StoredBlock,
} from '../../../formats/squashfs/file-content.ts';
import { changes, type LayerIndex } from './layer-index.ts';
import { fromStored } from './stored-metadata.ts';

/** Restores the entries of a layer. @param from current offset of the layer's first block. */
export function restoreEntries(index: LayerIndex, from: number): LayerEntry<FileContent>[] {
  return new IndexReader(index, from).entries();
}

/** Reads the lists sequentially. A checksum has already verified them. */
class IndexReader {
  readonly #blocks: readonly StoredBlock[];
  readonly #metadata: readonly Metadata[];
  readonly #numbers: readonly number[];
  readonly #texts: readonly string[];
  #numberAt = 0;
  #textAt = 0;

  constructor({ blocks, metadata, numbers, texts }: LayerIndex, from: number) {
    let position = from;
    this.#blocks = blocks.map((word) => {
      const block = decodeSizeWord(word, position);
      position += block.storedBytes;
      return block;
    });
    this.#metadata = metadata.map(fromStored);
    this.#numbers = numbers;
    this.#texts = texts;
  }

  entries(): LayerEntry<FileContent>[] {
    const entries: LayerEntry<FileContent>[] = [];
    while (this.#numberAt < this.#numbers.length) {
      entries.push(this.#entry());
    }
    return entries;
  }

  #entry(): LayerEntry<FileContent> {
    const change = there(changes[this.#number()]);
    const path = namesIn(this.#text());
    switch (change) {
      case 'directory':
        return { path, change, metadata: this.#nextMetadata() };
      case 'hard-link':
        return { path, change, target: namesIn(this.#text()) };
      case 'whiteout':
      case 'opaque':
        return { path, change };
      default:
        return { path, change: 'leaf', inode: this.#leaf(change, this.#nextMetadata()) };
    }
  }

  #leaf(kind: LeafInode<FileContent>['kind'], metadata: Metadata): LeafInode<FileContent> {
    switch (kind) {
      case 'file':
        return { kind, metadata, content: this.#content() };
      case 'symbolic-link':
        return { kind, metadata, target: this.#text() };
      case 'character-device':
      case 'block-device':
        return { kind, metadata, major: this.#number(), minor: this.#number() };
      case 'fifo':
        return { kind, metadata };
    }
  }

  #content(): FileContent {
    const sizeBytes = this.#number();
    const checksum = this.#number();
    const blocks: StoredBlock[] = [];
    for (let left = this.#number(); left > 0; left -= 1) {
      // Each hole is a separate object, as when it was written.
      blocks.push(this.#block() ?? createHole());
    }
    const block = this.#block();
    const offset = this.#number();
    return { sizeBytes, checksum, blocks, ...(block && { fragment: { block, offset } }) };
  }

  #block(): StoredBlock | undefined {
    return this.#blocks[this.#number()];
  }

  #nextMetadata(): Metadata {
    return there(this.#metadata[this.#number()]);
  }

  #number(): number {
    this.#numberAt += 1;
    return there(this.#numbers[this.#numberAt - 1]);
  }

  #text(): string {
    this.#textAt += 1;
    return there(this.#texts[this.#textAt - 1]);
  }
}

function there<Value>(value: Value | undefined): Value {
  if (value === undefined) {
    throw new Error('the index of a cached layer refers to a missing item');
  }
  return value;
}

function namesIn(path: string): string[] {
  return path === '' ? [] : path.split('/');
}
