import { HpcGatError } from '../../support/errors.ts';

/** The first 96 bytes of a squashfs 4.0 (kernel: fs/squashfs/squashfs_fs.h), little-endian, and its codec's options. */
export interface Superblock {
  readonly codec: SquashfsCodec;
  /** Undefined where the file system does not say: gzip at 9, and uncompressed. */
  readonly level: number | undefined;
  readonly blockSizeBytes: number;
  readonly inodes: number;
  /** Length of the whole file system. */
  readonly usedBytes: number;
}

export type SquashfsCodec = 'gzip' | 'lzma' | 'lzo' | 'xz' | 'lz4' | 'zstd' | 'none';

/** Enough for the superblock and the options of any codec behind it. */
export const superblockReadBytes = 96 + 64;

const codecs: readonly (SquashfsCodec | undefined)[] = [
  undefined,
  'gzip',
  'lzma',
  'lzo',
  'xz',
  'lz4',
  'zstd',
];
const magic = 0x73717368;
const minBlockLog = 12;
const maxBlockLog = 20;
const flags = { inodesUncompressed: 0x1, dataUncompressed: 0x2, codecOptions: 0x400 };

/**
 * @param bytes the first {@link superblockReadBytes} of the file system, or fewer when it is shorter.
 * @param where names the file in messages.
 * @throws {HpcGatError} when this is not a squashfs 4.0 with sound numbers.
 */
export function parseSuperblock(bytes: Buffer, where: string): Superblock {
  const invalid = (problem: string) => new HpcGatError(`the file system in ${where} ${problem}`);
  if (bytes.length < 96 || bytes.readUInt32LE(0) !== magic) {
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
  const compressor = codecs[id];
  if (compressor === undefined) {
    throw invalid(`has an unknown codec: ${id}`);
  }
  const used = bytes.readBigUInt64LE(40);
  if (used < 96n || used > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw invalid(`has an impossible length: ${used.toString()}`);
  }
  const flag = bytes.readUInt16LE(24);
  const plain = flags.inodesUncompressed | flags.dataUncompressed;
  const codec = (flag & plain) === plain ? 'none' : compressor;
  return {
    codec,
    level: codec !== 'none' && (flag & flags.codecOptions) !== 0 ? levelOf(compressor, bytes) : undefined,
    blockSizeBytes,
    inodes: bytes.readUInt32LE(4),
    usedBytes: Number(used),
  };
}

/** The options lie behind the superblock as one uncompressed metadata block: 2 bytes of length, then the level. */
function levelOf(compressor: SquashfsCodec, bytes: Buffer): number | undefined {
  const hasLevel = compressor === 'gzip' || compressor === 'zstd';
  return hasLevel && bytes.length >= 102 ? bytes.readInt32LE(98) : undefined;
}
