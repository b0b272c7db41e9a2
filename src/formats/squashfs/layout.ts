/* Constants of squashfs 4.0 that both its writer and its reader need (kernel: fs/squashfs/squashfs_fs.h). */

import type { CompressingCodec } from './compression.ts';

export const superblockLength = 96;

/** Ids of the codecs that are written. `none` is expressed by flags. */
export const codecIds = { gzip: 1, zstd: 6 } as const satisfies Record<CompressingCodec, number>;

export const flags = {
  inodesUncompressed: 0x1,
  dataUncompressed: 0x2,
  checked: 0x4,
  fragmentsUncompressed: 0x8,
  noFragments: 0x10,
  alwaysFragments: 0x20,
  duplicatesOnce: 0x40,
  exportable: 0x80,
  xattrsUncompressed: 0x100,
  noXattrs: 0x200,
  codecOptions: 0x400,
  idsUncompressed: 0x800,
} as const;

/** Uncompressed size of every metadata block of a table but the last. */
export const metadataBlockBytes = 8192;

/** Flag in a metadata block's length: the block is uncompressed. */
export const uncompressedMetadata = 0x8000;

/** Flag in the size word of a data block or fragment: the block is uncompressed. */
export const uncompressedData = 1 << 24;

/** Types of the basic inode records, which directory entries use too. */
export const InodeType = {
  directory: 1,
  file: 2,
  'symbolic-link': 3,
  'block-device': 4,
  'character-device': 5,
  fifo: 6,
  socket: 7,
} as const;

/** Difference between the types of the extended and the basic records. */
export const extendedType = 7;

/** Value for "no fragment" and "no xattrs" in inodes. */
export const nothing = 0xffffffff;

/** Bytes that a directory's size includes for `.` and `..`, which its listing does not contain. */
export const dotsBytes = 3;

/** Maximum number of entries under one header of a listing. */
export const maxEntriesOfHeader = 256;

export const xattrPrefixes = ['user.', 'trusted.', 'security.'] as const;
