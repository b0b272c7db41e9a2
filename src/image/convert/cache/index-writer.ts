import type { LayerEntry } from '../layer/layer-entry.ts';
import type { LeafInode } from '../../../formats/squashfs/inode.ts';
import type { ResourceUsage } from '../limits.ts';
import {
  encodeSizeWord,
  type FileContent,
  type StoredBlock,
} from '../../../formats/squashfs/file-content.ts';
import { changes, noBlock, type LayerIndex } from './layer-index.ts';
import { MetadataList } from './stored-metadata.ts';

/** Layer whose contents are written, with consecutive blocks. */
export interface LayerOfBlocks {
  readonly diffId: string;
  readonly entries: readonly LayerEntry<FileContent>[];
  readonly demand: ResourceUsage;
}

export function buildIndex({ diffId, demand, entries }: LayerOfBlocks): LayerIndex {
  const lists = new IndexLists(blocksOf(entries));
  for (const entry of entries) {
    lists.add(entry);
  }
  const { blocks, metadata, numbers, texts } = lists;
  return { diffId, demand, blocks: blocks.map(encodeSizeWord), metadata: metadata.all, numbers, texts };
}

/** Lists every block once, by position. */
function blocksOf(entries: readonly LayerEntry<FileContent>[]): StoredBlock[] {
  const blocks = new Set<StoredBlock>();
  for (const entry of entries) {
    if (entry.change === 'leaf' && entry.inode.kind === 'file') {
      const { blocks: whole, fragment } = entry.inode.content;
      whole.filter(({ storedBytes }) => storedBytes > 0).forEach((block) => blocks.add(block));
      if (fragment !== undefined) {
        blocks.add(fragment.block);
      }
    }
  }
  return [...blocks].sort((one, other) => one.position - other.position);
}

class IndexLists {
  readonly blocks: readonly StoredBlock[];
  readonly metadata = new MetadataList();
  readonly numbers: number[] = [];
  readonly texts: string[] = [];
  readonly #blockNumbers: ReadonlyMap<StoredBlock, number>;

  constructor(blocks: readonly StoredBlock[]) {
    this.blocks = blocks;
    this.#blockNumbers = new Map(blocks.map((block, number) => [block, number]));
  }

  add(entry: LayerEntry<FileContent>): void {
    const { change, path } = entry;
    this.numbers.push(changes.indexOf(change === 'leaf' ? entry.inode.kind : change));
    this.texts.push(path.join('/'));
    switch (change) {
      case 'directory':
        this.numbers.push(this.metadata.placeOf(entry.metadata));
        break;
      case 'hard-link':
        this.texts.push(entry.target.join('/'));
        break;
      case 'leaf':
        this.numbers.push(this.metadata.placeOf(entry.inode.metadata));
        this.#addLeaf(entry.inode);
        break;
      case 'opaque':
      case 'whiteout':
        break;
    }
  }

  #addLeaf(inode: LeafInode<FileContent>): void {
    switch (inode.kind) {
      case 'file':
        this.#addContent(inode.content);
        break;
      case 'symbolic-link':
        this.texts.push(inode.target);
        break;
      case 'character-device':
      case 'block-device':
        this.numbers.push(inode.major, inode.minor);
        break;
      case 'fifo':
        break;
    }
  }

  #addContent({ sizeBytes, checksum, blocks, fragment }: FileContent): void {
    this.numbers.push(sizeBytes, checksum, blocks.length);
    for (const block of blocks) {
      this.numbers.push(this.#numberOf(block));
    }
    this.numbers.push(this.#numberOf(fragment?.block), fragment?.offset ?? 0);
  }

  /** Returns the index of a block; a hole has none. */
  #numberOf(block: StoredBlock | undefined): number {
    return (block && this.#blockNumbers.get(block)) ?? noBlock;
  }
}
