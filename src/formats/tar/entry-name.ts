import path from 'node:path';

/** Normalizes the path of a file in an archive: `./a//b/`, `/a/b` and `c/../a/b` become `a/b`. */
export function normalizeEntryName(name: string): string {
  return path.posix.normalize(`/${name}`).replace(/^\/+|\/+$/g, '');
}

/** Highest number of links that are followed to one file. */
const maxLinks = 40;

/**
 * Finds an entry of an archive by its path. Follows symbolic links, including those to directories, and hard links.
 *
 * @param linkOf returns the target of a link, relative to the root of the archive; undefined for other entries.
 */
export function findEntry<Entry>(
  entries: ReadonlyMap<string, Entry>,
  name: string,
  linkOf: (entry: Entry, name: string) => string | undefined,
): Entry | undefined {
  let wanted = normalizeEntryName(name);
  for (let links = 0; links <= maxLinks; links += 1) {
    const parts = wanted.split('/');
    const prefixes = parts.map((_part, index) => parts.slice(0, index + 1).join('/'));
    const followed = prefixes.flatMap((prefix, index) => {
      const entry = entries.get(prefix);
      const target = entry === undefined ? undefined : linkOf(entry, prefix);
      return target === undefined ? [] : [[target, ...parts.slice(index + 1)].join('/')];
    });
    const [first] = followed;
    if (first === undefined) {
      return entries.get(wanted);
    }
    wanted = normalizeEntryName(first);
  }
  return undefined;
}

/** Resolves the target of a link in an archive: a symbolic link against its directory, a hard link against the root. */
export function resolveLink(kind: 'symbolic' | 'hard', name: string, linkName: string): string {
  return kind === 'hard' || linkName.startsWith('/')
    ? linkName
    : path.posix.join(path.posix.dirname(name), linkName);
}
