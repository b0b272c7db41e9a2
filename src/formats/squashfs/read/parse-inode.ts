import { extendedType, InodeType, nothing } from '../layout.ts';
import type { Area } from './area.ts';
import { Fields } from './fields.ts';
import type { TablePlace } from './metadata-table.ts';

/** Inode as stored (kernel: fs/squashfs/squashfs_fs.h). */
export type StoredInode = InodeHead &
  (
    | { readonly kind: 'directory'; readonly directory: StoredDirectory }
    | { readonly kind: 'file'; readonly file: StoredFile }
    /** Target with one character per byte. */
    | { readonly kind: 'symbolic-link'; readonly target: string }
    | { readonly kind: 'block-device' | 'character-device'; readonly major: number; readonly minor: number }
    | { readonly kind: 'fifo' | 'socket' }
  );

export type InodeKind = keyof typeof InodeType;

export interface InodeHead {
  /** Type 1 to 14: the extended records are 7 more. */
  readonly type: number;
  /** Permissions, setuid, setgid, sticky. */
  readonly mode: number;
  /** Indexes into the id table. */
  readonly user: number;
  readonly group: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly number: number;
  /**
   * Stored number of names that refer to the inode; for a directory it includes its `.` and the `..` of its
   * subdirectories.
   */
  readonly links: number;
  /** Index into the xattr table. */
  readonly xattrs: number | undefined;
  /** Start and end offset in the table. */
  readonly from: number;
  readonly to: number;
}

export interface StoredDirectory {
  readonly place: TablePlace;
  /** Size of its listing, without the bytes counted for the dots. */
  readonly countedBytes: number;
  readonly parent: number;
  readonly index: readonly StoredIndexEntry[];
}

/** Position in a listing at which a search for a name may start. */
export interface StoredIndexEntry {
  /** Offset in the listing, in bytes. */
  readonly at: number;
  /** Offset of the metadata block in the directory table. */
  readonly block: number;
  readonly name: string;
}

export interface StoredFile {
  readonly sizeBytes: number;
  /** Offset of its first block. */
  readonly start: number;
  /** Stored size of the holes. */
  readonly holeBytes: number;
  readonly fragment: { readonly number: number; readonly offset: number } | undefined;
  readonly blocks: BlockWords;
}

/**
 * Size word of each block: its length as stored, and whether it is compressed. The words are read from the table on
 * access.
 */
export interface BlockWords {
  readonly count: number;
  word(index: number): number;
}

const kinds = Object.fromEntries(Object.entries(InodeType).map(([kind, type]) => [type, kind])) as Record<
  number,
  InodeKind | undefined
>;

/**
 * Decodes the inode at an offset of the table.
 *
 * @throws {InvalidSifError} for an unknown type, and for a record that extends past the table.
 */
export function decodeInode(area: Area, table: Buffer, from: number, blockSizeBytes: number): StoredInode {
  const fields = new Fields(area, table, from, `the inode at ${from} of the inode table`);
  const type = fields.u16();
  const isExtended = type > extendedType;
  const kind = kinds[isExtended ? type - extendedType : type];
  if (kind === undefined) {
    throw area.broken(`the inode at ${from} of the inode table has the unknown type ${type}`);
  }
  const mode = fields.u16();
  const user = fields.u16();
  const group = fields.u16();
  const mtime = fields.u32();
  const number = fields.u32();
  const body = { directory, file, 'symbolic-link': link, 'block-device': device, 'character-device': device };
  const read = kind === 'fifo' || kind === 'socket' ? plain : body[kind];
  const {
    links,
    xattrs = nothing,
    ...rest
  } = read(fields, isExtended, { area, table, blockSizeBytes, number });
  return {
    ...{ type, kind, mode, user, group, mtime, number, links, from, to: fields.at },
    xattrs: xattrs === nothing ? undefined : xattrs,
    ...rest,
  } as StoredInode;
}

interface Surroundings {
  readonly area: Area;
  readonly table: Buffer;
  readonly blockSizeBytes: number;
  readonly number: number;
}

interface Body {
  readonly links: number;
  readonly xattrs?: number;
}

function directory(fields: Fields, isExtended: boolean): Body & { readonly directory: StoredDirectory } {
  if (!isExtended) {
    const block = fields.u32();
    const links = fields.u32();
    const countedBytes = fields.u16();
    const offset = fields.u16();
    return { links, directory: { place: { block, offset }, countedBytes, parent: fields.u32(), index: [] } };
  }
  const links = fields.u32();
  const countedBytes = fields.u32();
  const block = fields.u32();
  const parent = fields.u32();
  const count = fields.u16();
  const offset = fields.u16();
  const xattrs = fields.u32();
  const index = Array.from({ length: count }, () => ({
    at: fields.u32(),
    block: fields.u32(),
    name: fields.take(fields.u32() + 1).toString('latin1'),
  }));
  return { links, xattrs, directory: { place: { block, offset }, countedBytes, parent, index } };
}

function file(
  fields: Fields,
  isExtended: boolean,
  { table, blockSizeBytes }: Surroundings,
): Body & { readonly file: StoredFile } {
  const start = isExtended ? fields.u64('place') : fields.u32();
  const before = isExtended
    ? { sizeBytes: fields.u64('size'), holeBytes: fields.u64('size of holes'), links: fields.u32() }
    : undefined;
  const fragment = fields.u32();
  const offset = fields.u32();
  const { sizeBytes, holeBytes, links } = before ?? { sizeBytes: fields.u32(), holeBytes: 0, links: 1 };
  const xattrs = isExtended ? fields.u32() : nothing;
  const whole = sizeBytes / blockSizeBytes;
  const count = fragment === nothing ? Math.ceil(whole) : Math.floor(whole);
  const from = fields.at;
  fields.take(4 * count);
  return {
    links,
    xattrs,
    file: {
      ...{ sizeBytes, start, holeBytes },
      fragment: fragment === nothing ? undefined : { number: fragment, offset },
      blocks: { count, word: (index) => table.readUInt32LE(from + 4 * index) },
    },
  };
}

function link(
  fields: Fields,
  isExtended: boolean,
  { area, number }: Surroundings,
): Body & { readonly target: string } {
  const links = fields.u32();
  const length = fields.u32();
  if (length === 0 || length > maxTargetBytes) {
    throw area.broken(`inode ${number}, a symbolic link, has a target of ${length} bytes`);
  }
  const target = fields.take(length).toString('latin1');
  return { links, target, ...(isExtended && { xattrs: fields.u32() }) };
}

/** Linux's PATH_MAX, without its NUL. */
const maxTargetBytes = 4095;

function device(
  fields: Fields,
  isExtended: boolean,
): Body & { readonly major: number; readonly minor: number } {
  const links = fields.u32();
  const code = fields.u32();
  // This is the kernel's "new" encoding of a device number: 12 bits of major, 20 of minor.
  const major = (code >>> 8) & 0xfff;
  const minor = (code & 0xff) | ((code >>> 12) & 0xfff00);
  return { links, major, minor, ...(isExtended && { xattrs: fields.u32() }) };
}

function plain(fields: Fields, isExtended: boolean): Body {
  return { links: fields.u32(), ...(isExtended && { xattrs: fields.u32() }) };
}
