import type { LayerEntry } from '../layer/entry.ts';
import { noXattrs, type LeafInode, type Metadata } from '../layer/inode.ts';
import type { Demand } from '../limits.ts';
import {
  emptyBlock,
  fromSizeWord,
  sizeWord,
  type FileContent,
  type StoredBlock,
} from '../squashfs/content.ts';

/** A layer whose contents are written. */
export interface LayerOfBlocks {
  readonly diffId: string;
  readonly entries: readonly LayerEntry<FileContent>[];
  readonly demand: Demand;
}

/** The same without places in a file, as it is written to the cache. */
export interface LayerIndex {
  readonly diffId: string;
  readonly demand: Demand;
  /** Of every block, in the order in which they lie, the word by which squashfs tells its length. */
  readonly blocks: readonly number[];
  readonly entries: readonly IndexEntry[];
}

/** Paths have `/` between their names, one character for a byte as everywhere. */
type IndexEntry =
  | readonly [change: 'directory', path: string, IndexMetadata]
  | readonly [change: 'file', path: string, IndexMetadata, IndexContent]
  | readonly [change: 'symbolic-link', path: string, IndexMetadata, target: string]
  | readonly [
      change: 'character-device' | 'block-device',
      path: string,
      IndexMetadata,
      major: number,
      minor: number,
    ]
  | readonly [change: 'fifo', path: string, IndexMetadata]
  | readonly [change: 'hard-link', path: string, target: string]
  | readonly [change: 'whiteout' | 'opaque', path: string];

type IndexMetadata = readonly [
  mode: number,
  uid: number,
  gid: number,
  mtime: number,
  /** Names and values in turn. */
  ...xattrs: string[],
];

/** Blocks by their number, -1 for a hole; of a small file its fragment's block and its place in there. */
type IndexContent = readonly [
  sizeBytes: number,
  checksum: number,
  blocks: readonly number[],
  fragment?: readonly [block: number, offset: number],
];

/** @param layer whose blocks lie one behind the other. */
export function indexOf({ diffId, demand, entries }: LayerOfBlocks): LayerIndex {
  const blocks = blocksOf(entries);
  const numbers = new Map(blocks.map((block, number) => [block, number]));
  const numberOf = (block: StoredBlock) => numbers.get(block) ?? -1;
  return {
    diffId,
    demand,
    blocks: blocks.map(sizeWord),
    entries: entries.map((entry) => encode(entry, numberOf)),
  };
}

/** @param from where the first of the layer's blocks lies now. */
export function entriesAt({ blocks: words, entries }: LayerIndex, from: number): LayerEntry<FileContent>[] {
  let position = from;
  const blocks = words.map((word) => {
    const block = fromSizeWord(word, position);
    position += block.storedBytes;
    return block;
  });
  // A hole is an object of its own, as where it was written.
  const blockAt = (number: number) => blocks[number] ?? emptyBlock();
  return entries.map((entry) => decode(entry, blockAt));
}

/** Every block once, in the order in which they lie. */
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

function encode(entry: LayerEntry<FileContent>, numberOf: (block: StoredBlock) => number): IndexEntry {
  const path = entry.path.join('/');
  switch (entry.change) {
    case 'directory':
      return ['directory', path, encodeMetadata(entry.metadata)];
    case 'hard-link':
      return ['hard-link', path, entry.target.join('/')];
    case 'whiteout':
    case 'opaque':
      return [entry.change, path];
    case 'leaf':
      return encodeLeaf(path, entry.inode, numberOf);
  }
}

function encodeLeaf(
  path: string,
  inode: LeafInode<FileContent>,
  numberOf: (block: StoredBlock) => number,
): IndexEntry {
  const metadata = encodeMetadata(inode.metadata);
  switch (inode.kind) {
    case 'file': {
      const { sizeBytes, checksum, blocks, fragment } = inode.content;
      const whole = [sizeBytes, checksum, blocks.map(numberOf)] as const;
      return [
        'file',
        path,
        metadata,
        fragment === undefined ? whole : [...whole, [numberOf(fragment.block), fragment.offset]],
      ];
    }
    case 'symbolic-link':
      return [inode.kind, path, metadata, inode.target];
    case 'character-device':
    case 'block-device':
      return [inode.kind, path, metadata, inode.major, inode.minor];
    case 'fifo':
      return [inode.kind, path, metadata];
  }
}

function encodeMetadata({ mode, uid, gid, mtime, xattrs }: Metadata): IndexMetadata {
  return [mode, uid, gid, mtime, ...[...xattrs].flatMap(([name, value]) => [name, value.toString('latin1')])];
}

function decode(entry: IndexEntry, blockAt: (number: number) => StoredBlock): LayerEntry<FileContent> {
  const [change, joined] = entry;
  const path = namesIn(joined);
  switch (change) {
    case 'directory':
      return { path, change, metadata: decodeMetadata(entry[2]) };
    case 'hard-link':
      return { path, change, target: namesIn(entry[2]) };
    case 'whiteout':
    case 'opaque':
      return { path, change };
    default:
      return { path, change: 'leaf', inode: decodeLeaf(entry, blockAt) };
  }
}

type IndexLeaf = Exclude<
  IndexEntry,
  readonly ['directory' | 'hard-link' | 'whiteout' | 'opaque', ...unknown[]]
>;

function decodeLeaf(entry: IndexLeaf, blockAt: (number: number) => StoredBlock): LeafInode<FileContent> {
  const metadata = decodeMetadata(entry[2]);
  switch (entry[0]) {
    case 'file': {
      const [sizeBytes, checksum, blocks, fragment] = entry[3];
      return {
        kind: 'file',
        metadata,
        content: {
          sizeBytes,
          checksum,
          blocks: blocks.map(blockAt),
          ...(fragment && { fragment: { block: blockAt(fragment[0]), offset: fragment[1] } }),
        },
      };
    }
    case 'symbolic-link':
      return { kind: entry[0], metadata, target: entry[3] };
    case 'character-device':
    case 'block-device':
      return { kind: entry[0], metadata, major: entry[3], minor: entry[4] };
    case 'fifo':
      return { kind: entry[0], metadata };
  }
}

function decodeMetadata([mode, uid, gid, mtime, ...rest]: IndexMetadata): Metadata {
  const xattrs = new Map<string, Buffer>();
  for (let at = 0; at + 1 < rest.length; at += 2) {
    xattrs.set(rest[at] ?? '', Buffer.from(rest[at + 1] ?? '', 'latin1'));
  }
  return { mode, uid, gid, mtime, xattrs: xattrs.size === 0 ? noXattrs : xattrs };
}

function namesIn(path: string): string[] {
  return path === '' ? [] : path.split('/');
}
