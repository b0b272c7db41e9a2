import { escapeBytes } from '../../support/text/printable.ts';
import type { InodeKind } from '../../formats/squashfs/read/parse-inode.ts';
import type { ListedFile } from './list-files.ts';

const letters: Record<InodeKind, string> = {
  directory: 'd',
  file: '-',
  'symbolic-link': 'l',
  'block-device': 'b',
  'character-device': 'c',
  fifo: 'p',
  socket: 's',
};

/** Formats one line like `ls -l` and `unsquashfs -lls`: mode, owner, size or device, time in UTC, path, target. */
export function formatLongLine(file: ListedFile): string {
  const { kind, mode, uid, gid, device, sizeBytes, mtime, path, target } = file;
  const what = device === undefined ? String(sizeBytes) : `${device.major},${device.minor}`;
  const owner = `${uid}/${gid}`;
  const time = new Date(mtime * 1000).toISOString().slice(0, 16).replace('T', ' ');
  const arrow = target === undefined ? '' : ` -> ${formatName(target)}`;
  return `${letters[kind]}${permissions(mode)} ${owner.padEnd(11)} ${what.padStart(11)} ${time} ${formatName(path)}${arrow}`;
}

/** Formats permissions like "rwxr-sr-t". */
function permissions(mode: number): string {
  const special = [
    [0o4000, 's'],
    [0o2000, 's'],
    [0o1000, 't'],
  ] as const;
  return special
    .map(([bit, letter], index) => {
      const three = (mode >> (6 - 3 * index)) & 7;
      const runs = (three & 1) !== 0;
      const last = (mode & bit) === 0 ? (runs ? 'x' : '-') : runs ? letter : letter.toUpperCase();
      return `${(three & 4) !== 0 ? 'r' : '-'}${(three & 2) !== 0 ? 'w' : '-'}${last}`;
    })
    .join('');
}

/**
 * Formats a name for a terminal, unambiguously: bytes that are not UTF-8, control characters and backslashes are
 * shown by their codes.
 *
 * @param name one character per byte.
 */
export function formatName(name: string): string {
  return escapeBytes(name.replaceAll('\\', String.raw`\x5c`));
}
