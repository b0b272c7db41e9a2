import type { FileHandle } from 'node:fs/promises';
import { flags, uncompressedMetadata, superblockLength } from '../layout.ts';
import { Area } from './area.ts';
import { Blocks } from './block-reader.ts';
import { readIndexedTable } from './indexed-table.ts';
import { InodeTable } from './inode-table.ts';
import { readMetadataTable, type MetadataTable } from './metadata-table.ts';
import { decodeSuperblock, superblockReadBytes, type Compressor, type Superblock } from './superblock.ts';
import { readXattrTable, type XattrTable } from './read-xattrs.ts';

/** Squashfs whose tables were read; the contents of files were not. */
export interface SquashfsImage {
  readonly area: Area;
  readonly blocks: Blocks;
  readonly superblock: Superblock;
  /** Range of the contents: after the superblock and the codec's options, before the tables. */
  readonly data: { readonly start: number; readonly end: number };
  readonly inodes: InodeTable;
  readonly listings: MetadataTable;
  readonly ids: readonly number[];
  readonly fragments: readonly StoredFragment[];
  readonly xattrs: XattrTable | undefined;
  /** Reference of each inode, by its number minus one; undefined if there is no export table. */
  readonly exports: readonly bigint[] | undefined;
}

export interface StoredFragment {
  readonly position: number;
  /** Size word as in inodes: length as stored, and whether it is compressed. */
  readonly word: number;
}

/**
 * Reads the tables of a squashfs made by any tool, compressed with gzip or zstd, or uncompressed.
 *
 * @param part range of the file; the file system may be shorter.
 * @param file name for messages.
 * @throws {InvalidSifError} that describes the problem and its position. All values are validated.
 */
export async function openSquashfs(
  handle: FileHandle,
  part: { readonly start: number; readonly sizeBytes: number },
  file: string,
): Promise<SquashfsImage> {
  const whole = new Area(handle, file, part);
  const superblock = decodeSuperblock(
    await whole.read(0, Math.min(superblockReadBytes, part.sizeBytes), 'the superblock'),
    file,
  );
  const { usedBytes, tables } = superblock;
  if (usedBytes > part.sizeBytes) {
    throw whole.broken(`it has a file system of ${usedBytes} bytes in a place of ${part.sizeBytes}`);
  }
  const area = new Area(handle, file, { start: part.start, sizeBytes: usedBytes });
  const blocks = new Blocks(area, superblock.compressor);
  const place = (name: string, value: bigint) => {
    if (value < 0n || value > BigInt(usedBytes)) {
      throw area.broken(`${name} has the impossible offset ${value.toString()}`);
    }
    return Number(value);
  };
  const at = {
    inodes: place('the inode table', tables.inodes),
    directories: place('the directory table', tables.directories),
    ids: place('the id table', tables.ids),
  };
  const fragments =
    superblock.fragments === 0
      ? undefined
      : await readIndexedTable(area, blocks, {
          name: 'the fragment table',
          entries: superblock.fragments,
          entryBytes: 16,
          blocksEnd: place('the fragment table', tables.fragments),
        });
  expectFlags(area, superblock);
  const isExportable = tables.exports !== -1n;
  const exports = isExportable
    ? await readIndexedTable(area, blocks, {
        name: 'the export table',
        entries: superblock.inodes,
        entryBytes: 8,
        blocksEnd: place('the export table', tables.exports),
      })
    : undefined;
  const ids = await readIndexedTable(area, blocks, {
    name: 'the id table',
    entries: superblock.ids,
    entryBytes: 4,
    blocksEnd: at.ids,
  });
  const xattrs =
    tables.xattrs === -1n
      ? undefined
      : await readXattrTable(area, blocks, place('the xattr tables', tables.xattrs));
  const behind = [fragments, exports, ids, xattrs].filter((table) => table !== undefined);
  expectOrder(area, at, behind);
  const inodes = await readMetadataTable(area, blocks, 'the inode table', {
    start: at.inodes,
    end: at.directories,
  });
  const listings = await readMetadataTable(area, blocks, 'the directory table', {
    start: at.directories,
    end: Math.min(...behind.map(({ start }) => start)),
  });
  return {
    ...{ area, blocks, superblock, listings, xattrs },
    data: { start: await dataStart(area, superblock), end: at.inodes },
    inodes: new InodeTable(area, inodes, superblock.inodes, superblock.blockSizeBytes),
    ids: numbers(ids.table, 4, (bytes, index) => bytes.readUInt32LE(index)),
    fragments:
      fragments === undefined ? [] : numbers(fragments.table, 16, (bytes, at) => fragmentAt(area, bytes, at)),
    exports: exports && numbers(exports.table, 8, (bytes, index) => bytes.readBigUInt64LE(index)),
  };
}

function numbers<T>(
  { bytes }: MetadataTable,
  entryBytes: number,
  read: (bytes: Buffer, at: number) => T,
): T[] {
  return Array.from({ length: bytes.length / entryBytes }, (_none, index) => read(bytes, index * entryBytes));
}

function fragmentAt(area: Area, bytes: Buffer, at: number): StoredFragment {
  if (bytes.readUInt32LE(at + 12) !== 0) {
    throw area.broken(`entry ${at / 16} of the fragment table ends with a word that is not zero`);
  }
  return { position: Number(bytes.readBigUInt64LE(at)), word: bytes.readUInt32LE(at + 8) };
}

/** Checks that the tables are consecutive up to the end of the file system and do not overlap. */
function expectOrder(
  area: Area,
  { inodes, directories }: { readonly inodes: number; readonly directories: number },
  behind: readonly { readonly start: number; readonly end: number }[],
): void {
  if (inodes < superblockLength || directories < inodes) {
    throw area.broken(
      `the inode table has the offset ${inodes}, the directory table ${directories}, which is impossible`,
    );
  }
  const sorted = behind.toSorted((one, other) => one.start - other.start);
  let end = directories;
  for (const table of sorted) {
    if (table.start < end) {
      throw area.broken(`a table begins at ${table.start}, before the end of another at ${end}`);
    }
    end = table.end;
  }
  if (end !== area.sizeBytes) {
    throw area.broken(`its tables end at ${end}, the file system at ${area.sizeBytes}`);
  }
}

/** Checks that the flags of the superblock match its tables. */
function expectFlags(area: Area, { flags: found, fragments, tables }: Superblock): void {
  const has = (flag: number) => (found & flag) !== 0;
  const known = Object.values(flags).reduce((sum, flag) => sum | flag, 0);
  const contradicts =
    (has(flags.noFragments) && fragments > 0) ||
    (has(flags.noXattrs) && tables.xattrs !== -1n) ||
    has(flags.exportable) !== (tables.exports !== -1n);
  if (contradicts || (found & ~known) !== 0) {
    throw area.broken(`the superblock has the flags 0x${found.toString(16)}, which contradict its tables`);
  }
}

/** Returns the offset after the codec's options, one metadata block, if there are any. */
async function dataStart(area: Area, superblock: Superblock): Promise<number> {
  if ((superblock.flags & flags.codecOptions) === 0) {
    return superblockLength;
  }
  const word = (await area.read(superblockLength, 2, "the codec's options")).readUInt16LE(0);
  const length = word & ~uncompressedMetadata;
  const options = await area.read(superblockLength + 2, length, "the codec's options");
  if ((word & uncompressedMetadata) === 0 || !areOptions(superblock.compressor, options)) {
    throw area.broken(
      `the codec's options are invalid for ${superblock.compressor}: ${options.toString('hex')}`,
    );
  }
  return superblockLength + 2 + length;
}

/** Checks the options of a codec; those of unsupported codecs are not checked. */
function areOptions(compressor: Compressor, options: Buffer): boolean {
  const level = options.length >= 4 ? options.readUInt32LE(0) : 0;
  switch (compressor) {
    case 'gzip': {
      const window = options.length === 8 ? options.readUInt16LE(4) : 0;
      const strategies = options.length === 8 ? options.readUInt16LE(6) : 0;
      return level >= 1 && level <= 9 && window >= 8 && window <= 15 && strategies < 32;
    }
    case 'zstd':
      return options.length === 4 && level >= 1 && level <= 22;
    case 'lz4':
    case 'lzma':
    case 'lzo':
    case 'xz':
      return true;
  }
}
