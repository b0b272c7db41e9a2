import type { Compression } from '../compression.ts';
import type { TableFacts } from './serialize-tree.ts';
import { codecIds, flags, superblockLength } from '../layout.ts';
import { encodeUncompressedBlock } from './metadata-blocks.ts';

const allPlain =
  flags.inodesUncompressed |
  flags.dataUncompressed |
  flags.fragmentsUncompressed |
  flags.xattrsUncompressed |
  flags.idsUncompressed;

/** Offset of a missing table. */
const noTable = 2n ** 64n - 1n;

/**
 * Encodes the codec's options, which follow the superblock and record the level. Readers do not need them;
 * `unsquashfs -s` shows the level, and mksquashfs uses it when it appends.
 */
export function encodeCodecOptions(compression: Compression): Buffer {
  switch (compression.codec) {
    case 'none':
      return Buffer.alloc(0);
    case 'gzip': {
      const options = Buffer.alloc(8);
      options.writeUInt32LE(compression.level, 0);
      options.writeUInt16LE(15, 4); // zlib's window, 2^15 bytes
      options.writeUInt16LE(1, 6); // its default strategy
      return encodeUncompressedBlock(options);
    }
    case 'zstd': {
      const options = Buffer.alloc(4);
      options.writeUInt32LE(compression.level, 0);
      return encodeUncompressedBlock(options);
    }
  }
}

/** Encodes the first 96 bytes of a squashfs 4.0 (kernel: fs/squashfs/squashfs_fs.h), little-endian. */
export function encodeSuperblock(
  tables: TableFacts,
  { compression, blockBytes, createdAt }: { compression: Compression; blockBytes: number; createdAt: number },
  usedBytes: number,
): Buffer {
  const isPlain = compression.codec === 'none';
  const bytes = Buffer.alloc(superblockLength);
  bytes.write('hsqs', 0, 'latin1');
  bytes.writeUInt32LE(tables.inodes, 4);
  bytes.writeUInt32LE(createdAt, 8);
  bytes.writeUInt32LE(blockBytes, 12);
  bytes.writeUInt32LE(tables.fragments, 16);
  bytes.writeUInt16LE(codecIds[compression.codec === 'none' ? 'gzip' : compression.codec], 20);
  bytes.writeUInt16LE(Math.log2(blockBytes), 22);
  bytes.writeUInt16LE(
    flags.duplicatesOnce |
      flags.exportable |
      (isPlain ? allPlain : flags.codecOptions) |
      (tables.fragments === 0 ? flags.noFragments : 0) |
      (tables.xattrTable === undefined ? flags.noXattrs : 0),
    24,
  );
  bytes.writeUInt16LE(tables.ids, 26);
  bytes.writeUInt16LE(4, 28);
  bytes.writeUInt16LE(0, 30);
  const places = [
    tables.rootReference,
    usedBytes,
    tables.idTable,
    tables.xattrTable,
    tables.inodeTable,
    tables.directoryTable,
    tables.fragments === 0 ? undefined : tables.fragmentTable,
    tables.exportTable,
  ];
  places.forEach((place, index) =>
    bytes.writeBigUInt64LE(place === undefined ? noTable : BigInt(place), 32 + 8 * index),
  );
  return bytes;
}
