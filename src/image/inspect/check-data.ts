import { formatCount } from '../../support/text/amounts.ts';
import { toPrintableBytes } from '../../support/text/printable.ts';
import { InvalidSifError } from '../../formats/sif/invalid.ts';
import { uncompressedData } from '../../formats/squashfs/layout.ts';
import type { SquashfsImage } from '../../formats/squashfs/read/open.ts';
import { listFilesIn } from './list-files.ts';

/** Maximum number of blocks in flight: enough to occupy the thread pool. */
const maxInFlight = 16;
/** Maximum number of blocks in memory: 512 GB at 128 KiB each. */
const maxBlocks = 4 * 1024 * 1024;

/** Block of contents, and its first reference. */
interface DataBlock {
  readonly position: number;
  readonly word: number;
  /** Expected length; for a fragment block the maximum. */
  readonly rawBytes: number;
  readonly inode: number;
  /** Number of a fragment block. */
  readonly fragment?: number;
}

export interface DataCounts {
  readonly blocks: number;
  readonly fragments: number;
  /** Bytes between superblock and tables that nothing refers to. */
  readonly unusedBytes: number;
}

export interface CheckWatch {
  /** Receives the progress in steps. */
  readonly onBytes: (done: number, total: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Reads and decompresses every block of contents once, in stored order. Checks that blocks do not overlap, are inside
 * their area, and have the expected length.
 */
export async function checkData(image: SquashfsImage, { onBytes, signal }: CheckWatch): Promise<DataCounts> {
  const { area, data, fragments } = image;
  const blocks = distinct(image, collect(image));
  const fragmentBytes = new Uint32Array(fragments.length);
  const pending: Promise<void>[] = [];
  let end = data.start;
  let unusedBytes = 0;
  try {
    for (const block of blocks) {
      signal.throwIfAborted();
      if (block.position < end || block.position + storedBytes(block) > data.end) {
        throw area.broken(
          `${nameOf(block)} overlaps another or is outside the contents, which end at ${data.end}`,
        );
      }
      unusedBytes += block.position - end;
      end = block.position + storedBytes(block);
      while (pending.length >= maxInFlight) {
        await pending.shift();
      }
      const checked = checkBlock(image, block, fragmentBytes);
      checked.catch(() => undefined);
      pending.push(checked);
      onBytes(end - data.start, data.end - data.start);
    }
    await Promise.all(pending);
  } finally {
    // The file must not be closed while reads are pending.
    await Promise.allSettled(pending);
  }
  checkFragmentEnds(image, fragmentBytes);
  return {
    blocks: blocks.length - fragments.length,
    fragments: fragments.length,
    unusedBytes: unusedBytes + data.end - end,
  };
}

async function checkBlock(image: SquashfsImage, block: DataBlock, fragmentBytes: Uint32Array): Promise<void> {
  try {
    const length = await lengthOf(image, block);
    if (block.fragment !== undefined) {
      fragmentBytes[block.fragment] = length;
    }
  } catch (error) {
    // Paths are looked up only for an error, because nearly every SIF is intact.
    throw error instanceof InvalidSifError
      ? new InvalidSifError(error.file, `${error.problem}; ${filesOf(image, block)}`)
      : error;
  }
}

/** Returns the decompressed length of a block. */
async function lengthOf(image: SquashfsImage, block: DataBlock): Promise<number> {
  const what = nameOf(block);
  const stored = await image.area.read(block.position, storedBytes(block), what);
  const isPlain = (block.word & uncompressedData) !== 0;
  const raw = isPlain ? stored : await image.blocks.decode(stored, block.rawBytes, what);
  if (block.fragment === undefined && raw.length !== block.rawBytes) {
    throw image.area.broken(`${what} has ${raw.length} bytes instead of ${block.rawBytes}`);
  }
  return raw.length;
}

/** Formats the paths of the files that a block belongs to. */
function filesOf(image: SquashfsImage, { inode, fragment }: DataBlock): string {
  const paths: string[] = [];
  for (const file of listFilesIn(image)) {
    const stored = image.inodes.inode(file.inode);
    const isHit =
      fragment === undefined
        ? file.inode === inode
        : stored.kind === 'file' && stored.file.fragment?.number === fragment;
    if (isHit) {
      paths.push(file.path);
    }
  }
  const [first = '', ...others] = paths;
  const more = others.length === 0 ? '' : ` and of ${formatCount(others.length, 'other file')}`;
  return `it is part of "${toPrintableBytes(first)}"${more}`;
}

/** Collects every reference to a block that is not a hole. */
function collect({ area, superblock, fragments, inodes }: SquashfsImage): DataBlock[] {
  const { blockSizeBytes } = superblock;
  const found: DataBlock[] = fragments.map(({ position, word }, fragment) => ({
    ...{ position, word, rawBytes: blockSizeBytes, inode: 0, fragment },
  }));
  for (const inode of inodes.all()) {
    if (inode.kind !== 'file') {
      continue;
    }
    const { sizeBytes, blocks } = inode.file;
    let position = inode.file.start;
    for (let index = 0; index < blocks.count; index += 1) {
      const word = blocks.word(index);
      if (word === 0) {
        continue;
      }
      const rawBytes = Math.min(blockSizeBytes, sizeBytes - index * blockSizeBytes);
      const block = { position, word, rawBytes, inode: inode.number };
      const length = storedBytes(block);
      if (length === 0 || length > blockSizeBytes || word >>> 0 > (uncompressedData | blockSizeBytes)) {
        throw area.broken(`${nameOf(block)} has an impossible length: ${word}`);
      }
      found.push(block);
      if (found.length > maxBlocks) {
        throw area.refused(`has more than ${maxBlocks} blocks of contents, more than hpc-gat reads`);
      }
      position += length;
    }
  }
  return found;
}

/** Sorts the blocks by position and removes duplicates: equal files share their blocks. */
function distinct({ area, superblock }: SquashfsImage, blocks: DataBlock[]): DataBlock[] {
  blocks.sort((one, other) => one.position - other.position);
  const distinctBlocks: DataBlock[] = [];
  for (const block of blocks) {
    const last = distinctBlocks.at(-1);
    const isSame =
      last?.position === block.position && last.word === block.word && last.fragment === block.fragment;
    if (!isSame) {
      distinctBlocks.push(block);
    } else if (last.rawBytes !== block.rawBytes) {
      throw area.broken(`${nameOf(block)} has ${block.rawBytes} bytes here and ${last.rawBytes} elsewhere`);
    }
  }
  const impossible = distinctBlocks.find(
    (block) => storedBytes(block) === 0 || storedBytes(block) > superblock.blockSizeBytes,
  );
  if (impossible !== undefined) {
    throw area.broken(`${nameOf(impossible)} has an impossible length: ${impossible.word}`);
  }
  return distinctBlocks;
}

/** Checks that the tail of each file is inside its fragment block. */
function checkFragmentEnds({ area, inodes, superblock }: SquashfsImage, fragmentBytes: Uint32Array): void {
  for (const inode of inodes.all()) {
    if (inode.kind === 'file' && inode.file.fragment !== undefined) {
      const { number, offset } = inode.file.fragment;
      const end = offset + (inode.file.sizeBytes % superblock.blockSizeBytes);
      if (end > (fragmentBytes[number] ?? 0)) {
        throw area.broken(
          `inode ${inode.number} ends at ${end} of fragment ${number}, which has ${fragmentBytes[number] ?? 0} bytes`,
        );
      }
    }
  }
}

function storedBytes({ word }: { readonly word: number }): number {
  return word & (uncompressedData - 1);
}

function nameOf({ position, inode, fragment }: DataBlock): string {
  return fragment === undefined
    ? `the block at ${position} of inode ${inode}`
    : `fragment block ${fragment} at ${position}`;
}
