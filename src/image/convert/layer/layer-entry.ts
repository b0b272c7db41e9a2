import { HpcGatError } from '../../../support/errors.ts';
import { toPrintableBytes } from '../../../support/text/printable.ts';
import type { TarEntry } from '../../../formats/tar/tar-entry.ts';
import { noXattrs, type LeafInode, type Metadata } from '../../../formats/squashfs/inode.ts';

/**
 * Change that a layer makes at one path, ready to be applied. Paths are lists of names below the root, without `.`
 * and `..`.
 */
export type LayerEntry<Content> = { readonly path: readonly string[] } & (
  | { readonly change: 'directory'; readonly metadata: Metadata }
  | { readonly change: 'leaf'; readonly inode: LeafInode<Content> }
  | { readonly change: 'hard-link'; readonly target: readonly string[] }
  /** Removes what lower layers have at this path. */
  | { readonly change: 'whiteout' }
  /** Removes what lower layers have in this directory. */
  | { readonly change: 'opaque' }
);

/** Longest name and longest path in Linux. */
const maxNameBytes = 255;
const maxPathBytes = 4096;
/** Longest target of a symbolic link; the last byte of a path is its NUL. */
const maxTargetBytes = maxPathBytes - 1;
const whiteoutPrefix = '.wh.';
const opaqueMark = '.wh..wh..opq';
/** Prefix of AUFS's internal files in the root, such as those that its hard links refer to. */
export const aufsPrefix = '.wh..wh.';

/** Xattrs that are valid only on the file system where the image was built. */
const droppedXattrs = new Set(['security.selinux', 'system.nfs4_acl']);

/**
 * Splits a path into names and resolves `.`, `..` and empty names textually: `..` of the root is the root.
 *
 * @throws {HpcGatError} for a name that no file system supports.
 */
export function splitPath(path: string, place: string): string[] {
  const names: string[] = [];
  if (path.length > maxPathBytes) {
    throw tooLong('the path', path, maxPathBytes, place);
  }
  for (const name of path.split('/')) {
    if (name === '..') {
      names.pop();
    } else if (name !== '' && name !== '.') {
      if (name.length > maxNameBytes) {
        throw tooLong('the name', name, maxNameBytes, place);
      }
      names.push(name);
    }
  }
  return names;
}

function tooLong(what: string, name: string, most: number, place: string): HpcGatError {
  return new HpcGatError(
    `${place}: ${what} "${toPrintableBytes(name)}" has ${name.length} bytes, more than Linux's limit of ${most}`,
    { fix: 'check how the image was built' },
  );
}

/**
 * Converts an entry of a layer to a change (OCI image-spec, layer.md).
 *
 * @param content content of a file, read by the caller, because a stream can be read only once.
 * @returns undefined for an entry that is omitted.
 * @throws {HpcGatError} for an invalid entry.
 */
export function toLayerEntry<Content>(
  entry: TarEntry,
  path: readonly string[],
  content: Content | undefined,
  place: string,
): LayerEntry<Content> | undefined {
  const name = path.at(-1) ?? '';
  if (name.startsWith(whiteoutPrefix)) {
    return whiteout(path, name, place);
  }
  const { kind, linkName, major, minor } = entry;
  if (name === '' && kind !== 'directory') {
    throw new HpcGatError(`${place} is damaged: it makes the root directory a ${kind}`);
  }
  const metadata = metadataOf(entry);
  switch (kind) {
    case 'directory':
      return { path, change: 'directory', metadata };
    case 'hard-link':
      return { path, change: 'hard-link', target: splitPath(linkName, place) };
    case 'file':
      return content === undefined ? undefined : { path, change: 'leaf', inode: { kind, metadata, content } };
    case 'symbolic-link':
      if (linkName === '') {
        throw new HpcGatError(
          `${place} is damaged: "${toPrintableBytes(path.join('/'))}" is a link without a target`,
        );
      }
      if (linkName.length > maxTargetBytes) {
        throw tooLong("a link's target", linkName, maxTargetBytes, place);
      }
      // Linux has no permissions for links; those in a tar vary.
      return {
        path,
        change: 'leaf',
        inode: { kind, metadata: { ...metadata, mode: 0o777 }, target: linkName },
      };
    case 'character-device':
    case 'block-device':
      return { path, change: 'leaf', inode: { kind, metadata, major, minor } };
    case 'fifo':
      return { path, change: 'leaf', inode: { kind, metadata } };
  }
}

/** Returns whether an entry is a whiteout, whose content is not needed. */
export function isWhiteout(path: readonly string[]): boolean {
  return path.at(-1)?.startsWith(whiteoutPrefix) === true;
}

function whiteout<Content>(
  path: readonly string[],
  name: string,
  place: string,
): LayerEntry<Content> | undefined {
  const parent = path.slice(0, -1);
  if (name === opaqueMark) {
    return { path: parent, change: 'opaque' };
  }
  if (name.startsWith(aufsPrefix)) {
    return undefined;
  }
  const hidden = name.slice(whiteoutPrefix.length);
  if (hidden === '' || hidden === '.' || hidden === '..') {
    throw new HpcGatError(
      `${place} is damaged: its whiteout "${toPrintableBytes(path.join('/'))}" names nothing`,
    );
  }
  return { path: [...parent, hidden], change: 'whiteout' };
}

function metadataOf({ mode, uid, gid, mtime, xattrs }: TarEntry): Metadata {
  if (xattrs.size === 0) {
    return { mode, uid, gid, mtime, xattrs: noXattrs };
  }
  const remaining = [...xattrs].filter(([name]) => !droppedXattrs.has(name));
  return { mode, uid, gid, mtime, xattrs: remaining.length === 0 ? noXattrs : new Map(remaining) };
}
