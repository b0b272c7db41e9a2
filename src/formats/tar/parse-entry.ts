import { toPrintableBytes } from '../../support/text/printable.ts';
import type { EntryKind, TarEntry } from './tar-entry.ts';
import type { Extension } from './extensions.ts';
import type { TarHeader } from './header.ts';
import { getPaxNumber, getPaxText, getPaxXattrs } from './pax.ts';

const beforePosix = '\0';

const kinds: Readonly<Record<string, EntryKind>> = {
  [beforePosix]: 'file',
  '0': 'file',
  '1': 'hard-link',
  '2': 'symbolic-link',
  '3': 'character-device',
  '4': 'block-device',
  '5': 'directory',
  '6': 'fifo',
  '7': 'file',
  S: 'file',
};

/** Returns whether a header describes an entry of a file system. */
export function isKnownType({ type }: TarHeader): boolean {
  return kinds[type] !== undefined;
}

/** Limits of Linux (limits.h: XATTR_NAME_MAX, XATTR_SIZE_MAX). */
const maxXattrNameBytes = 255;
const maxXattrBytes = 65_536;

/** Allowed ranges of numbers: owners have 32 bits; squashfs stores device numbers in 12 and 20 bits. */
const ranges = [
  ['mode', 0, 0o7777, false],
  ['uid', 0, 2 ** 32 - 1, false],
  ['gid', 0, 2 ** 32 - 1, false],
  ['mtime', -Infinity, Infinity, false],
  ['major', 0, 0xfff, true],
  ['minor', 0, 0xfffff, true],
] as const;

/**
 * Builds an entry from its header and its extension headers. Its content is assumed to be stored whole.
 *
 * @param damaged creates the error for a problem.
 */
export function parseEntry(
  header: TarHeader,
  { name, linkName, pax }: Extension,
  damaged: (problem: string) => Error,
): TarEntry {
  const path = getPaxText(pax, 'GNU.sparse.name') ?? getPaxText(pax, 'path') ?? name ?? header.name;
  // Before POSIX a trailing slash marked a directory; for POSIX types it has no meaning, as in Docker.
  const kind = header.type === beforePosix && path.endsWith('/') ? 'directory' : kinds[header.type];
  if (kind === undefined) {
    throw damaged(`${quoteName(path)} is of the unknown type ${quoteName(header.type)}`);
  }
  // Entries of other types, like links, have no content, whatever size the header claims (POSIX.1-2001, ustar).
  const sizeBytes = kinds[header.type] === 'file' ? getPaxNumber(pax, 'size', header.sizeBytes) : 0;
  if (!(sizeBytes >= 0)) {
    throw damaged(`${quoteName(path)} has an impossible size`);
  }
  const entry: TarEntry = {
    kind,
    name: path,
    linkName: getPaxText(pax, 'linkpath') ?? linkName ?? header.linkName,
    mode: Number.isNaN(header.mode) ? header.mode : header.mode & 0o7777,
    uid: ownerOf(getPaxNumber(pax, 'uid', header.uid)),
    gid: ownerOf(getPaxNumber(pax, 'gid', header.gid)),
    mtime: getPaxNumber(pax, 'mtime', header.mtime),
    major: header.major,
    minor: header.minor,
    xattrs: getPaxXattrs(pax),
    sizeBytes,
  };
  const problem = problemOf(entry);
  if (problem !== undefined) {
    throw damaged(`${quoteName(path)} has ${problem}`);
  }
  return entry;
}

/** Owner that chown(2) leaves unchanged, which is root when root extracts the archive: -1. */
const unchangedOwner = 2 ** 32 - 1;

/**
 * Returns the owner that a file gets when root extracts it with chown(2), as docker and umoci do: a negative number
 * is read as its 32 bits, for instance -2 (NFS's nobody) as 4294967294.
 */
function ownerOf(id: number): number {
  const owner = id < 0 && id >= -(2 ** 31) ? id + 2 ** 32 : id;
  return owner === unchangedOwner ? 0 : owner;
}

/** Returns a property that no file system can store. */
function problemOf(entry: TarEntry): string | undefined {
  const { name, linkName, kind, xattrs } = entry;
  const isDevice = kind === 'character-device' || kind === 'block-device';
  for (const [key, least, most, ofDevices] of ranges) {
    const value = entry[key];
    if (!(value >= least && value <= most) && (isDevice || !ofDevices)) {
      return Number.isNaN(value) ? `a ${key} that is not a number` : `an impossible ${key}: ${value}`;
    }
  }
  if (name.includes('\0') || linkName.includes('\0')) {
    return 'a NUL in its name';
  }
  for (const [key, value] of xattrs) {
    if (key.length > maxXattrNameBytes || value.length > maxXattrBytes || key.includes('\0')) {
      return `an xattr that Linux does not support: ${quoteName(key)}`;
    }
  }
  return undefined;
}

export function quoteName(name: string): string {
  return `"${toPrintableBytes(name)}"`;
}
