import { hashBytes } from '../../../src/support/files/digest.ts';
import type { Model } from './model.ts';
import type { TarItem } from './tar.ts';

/** Metadata of a path in a file system. Strings hold a byte in each character. */
export interface Facts {
  readonly kind: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970; NaN where the rules define no time, as for a directory without an entry. */
  readonly mtime: number;
  /** Values in hexadecimal, by name. */
  readonly xattrs: Readonly<Record<string, string>>;
  /** SHA-256 of a file, target of a link, numbers of a device. */
  readonly detail: string;
  /** The first path with the same inode; null for that path itself. */
  readonly sameAs: string | null;
}

export type Tree = ReadonlyMap<string, Facts>;

export const noTime = Number.NaN;
const leftOut = ['security.selinux', 'system.nfs4_acl'];

const kinds: Readonly<Record<string, string>> = {
  '2': 'symbolic-link',
  '3': 'character-device',
  '4': 'block-device',
  '5': 'directory',
  '6': 'fifo',
};

export function treeOfModel(model: Model): Tree {
  return treeOf(model.things, ({ item }) => (item === undefined ? undescribed : described(item)));
}

/** Collects the facts of each object, and which paths share an inode. */
export function treeOf<T extends object>(
  things: ReadonlyMap<string, T>,
  factsOf: (thing: T) => Omit<Facts, 'sameAs'>,
): Tree {
  const first = new Map<T, string>();
  return new Map(
    [...things]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([path, thing]) => {
        const sameAs = first.get(thing) ?? null;
        first.set(thing, sameAs ?? path);
        return [path, { ...factsOf(thing), sameAs }];
      }),
  );
}

export function hexOf(xattrs: ReadonlyMap<string, Buffer>): Record<string, string> {
  const pairs = [...xattrs].map(([name, value]): [string, string] => [name, value.toString('hex')]);
  return Object.fromEntries(pairs.sort());
}

const undescribed = { kind: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: noTime, xattrs: {}, detail: '' };

function described(item: TarItem): Omit<Facts, 'sameAs'> {
  const { type, mode = 0, uid = 0, gid = 0, mtime = 0, xattrs = {} } = item;
  const kept = Object.entries(xattrs).filter(([name]) => !leftOut.includes(name));
  return {
    kind: kinds[type] ?? 'file',
    // Linux has no modes of links.
    mode: type === '2' ? 0o777 : mode,
    uid,
    gid,
    mtime,
    xattrs: hexOf(new Map(kept)),
    detail: detailOf(item),
  };
}

function detailOf({ type, link = '', major = 0, minor = 0, content }: TarItem): string {
  switch (type) {
    case '2':
      return link;
    case '3':
    case '4':
      return `${major}:${minor}`;
    case '5':
    case '6':
      return '';
    default:
      return hashBytes(content ?? Buffer.alloc(0));
  }
}
