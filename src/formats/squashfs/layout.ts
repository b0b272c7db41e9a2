/* Facts of squashfs 4.0 that both its writer and its reader need (kernel: fs/squashfs/squashfs_fs.h). */

export const superblockLength = 96;

/** Of those that we write. `none` is a matter of the flags. */
export const codecIds = { gzip: 1, zstd: 6 } as const;

export const flags = {
  inodesPlain: 0x1,
  dataPlain: 0x2,
  checked: 0x4,
  fragmentsPlain: 0x8,
  noFragments: 0x10,
  alwaysFragments: 0x20,
  duplicatesOnce: 0x40,
  exportable: 0x80,
  xattrsPlain: 0x100,
  noXattrs: 0x200,
  codecOptions: 0x400,
  idsPlain: 0x800,
} as const;

/** Every metadata block but the last of a table holds this much before compression. */
export const metadataBlockBytes = 8192;

/** Set in a metadata block's length when the block is not compressed. */
export const plainMetadata = 0x8000;

/** The same in the word of a data block or fragment. */
export const plainData = 1 << 24;

/** Types of the plain inode records, which directory entries use too. */
export const InodeType = {
  directory: 1,
  file: 2,
  'symbolic-link': 3,
  'block-device': 4,
  'character-device': 5,
  fifo: 6,
  socket: 7,
} as const;

/** The types of the extended records are so much more. */
export const extendedType = 7;

/** What inodes name that have no fragment, or no xattrs. */
export const nothing = 0xffffffff;

/** A directory's listing counts 3 bytes more than it has: for `.` and `..`, which are not in it. */
export const dotsBytes = 3;

/** As many entries as one header of a listing may stand for. */
export const maxEntriesOfHeader = 256;

export const xattrPrefixes = ['user.', 'trusted.', 'security.'] as const;
