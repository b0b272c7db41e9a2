import { InvalidSifError } from '../../sif/invalid.ts';
import { flags, superblockLength } from '../layout.ts';

/** First 96 bytes of a squashfs 4.0 (kernel: fs/squashfs/squashfs_fs.h), little-endian, and its codec's options. */
export interface Superblock {
  /** Codec of the data; `none` if its blocks and the inodes are uncompressed. */
  readonly codec: SquashfsCodec;
  /** Codec of the blocks that are compressed. */
  readonly compressor: Compressor;
  /** Undefined if the file system does not record it: gzip at level 9, and uncompressed. */
  readonly level: number | undefined;
  readonly blockSizeBytes: number;
  readonly inodes: number;
  /** Length of the whole file system. */
  readonly usedBytes: number;
  /** Seconds since 1970. */
  readonly createdAt: number;
  readonly fragments: number;
  readonly ids: number;
  readonly flags: number;
  /** Reference of the root's inode. */
  readonly root: bigint;
  readonly tables: TablePlaces;
}

/** Offsets of the tables, relative to the file system; -1 for a missing one. */
export interface TablePlaces {
  readonly ids: bigint;
  readonly xattrs: bigint;
  readonly inodes: bigint;
  readonly directories: bigint;
  readonly fragments: bigint;
  readonly exports: bigint;
}

export type Compressor = 'gzip' | 'lzma' | 'lzo' | 'xz' | 'lz4' | 'zstd';
export type SquashfsCodec = Compressor | 'none';

/** Size that includes the superblock and the options of any codec after it. */
export const superblockReadBytes = superblockLength + 64;

const compressors: readonly (Compressor | undefined)[] = [
  undefined,
  'gzip',
  'lzma',
  'lzo',
  'xz',
  'lz4',
  'zstd',
];
export const squashfsMagic = 0x73717368;
const minBlockLog = 12;
const maxBlockLog = 20;

/**
 * Decodes a superblock.
 *
 * @param bytes the first {@link superblockReadBytes} of the file system, or fewer if it is shorter.
 * @param file name for messages.
 * @throws {InvalidSifError} if this is not a squashfs 4.0 with valid numbers.
 */
export function decodeSuperblock(bytes: Buffer, file: string): Superblock {
  const invalid = (problem: string) => new InvalidSifError(file, `has a file system that ${problem}`);
  if (bytes.length < superblockLength || bytes.readUInt32LE(0) !== squashfsMagic) {
    throw invalid('is not a squashfs');
  }
  const version = `${bytes.readUInt16LE(28)}.${bytes.readUInt16LE(30)}`;
  if (version !== '4.0') {
    throw invalid(`is squashfs ${version}, not 4.0`);
  }
  const blockSizeBytes = bytes.readUInt32LE(12);
  const blockLog = bytes.readUInt16LE(22);
  if (blockLog < minBlockLog || blockLog > maxBlockLog || blockSizeBytes !== 2 ** blockLog) {
    throw invalid(`has an impossible block size: ${blockSizeBytes}, 2^${blockLog}`);
  }
  const id = bytes.readUInt16LE(20);
  const compressor = compressors[id];
  if (compressor === undefined) {
    throw invalid(`has an unknown codec: ${id}`);
  }
  const used = bytes.readBigUInt64LE(40);
  if (used < BigInt(superblockLength) || used > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw invalid(`has an impossible length: ${used.toString()}`);
  }
  const flag = bytes.readUInt16LE(24);
  const plain = flags.inodesUncompressed | flags.dataUncompressed;
  const codec = (flag & plain) === plain ? 'none' : compressor;
  return {
    codec,
    compressor,
    level: codec !== 'none' && (flag & flags.codecOptions) !== 0 ? levelOf(compressor, bytes) : undefined,
    blockSizeBytes,
    inodes: bytes.readUInt32LE(4),
    usedBytes: Number(used),
    createdAt: bytes.readUInt32LE(8),
    fragments: bytes.readUInt32LE(16),
    ids: bytes.readUInt16LE(26),
    flags: flag,
    root: bytes.readBigUInt64LE(32),
    tables: {
      ids: bytes.readBigInt64LE(48),
      xattrs: bytes.readBigInt64LE(56),
      inodes: bytes.readBigInt64LE(64),
      directories: bytes.readBigInt64LE(72),
      fragments: bytes.readBigInt64LE(80),
      exports: bytes.readBigInt64LE(88),
    },
  };
}

/**
 * Reads the level. The options follow the superblock as one uncompressed metadata block: 2 bytes of length, then the
 * level.
 */
function levelOf(compressor: Compressor, bytes: Buffer): number | undefined {
  const hasLevel = compressor === 'gzip' || compressor === 'zstd';
  return hasLevel && bytes.length >= 102 ? bytes.readInt32LE(98) : undefined;
}
