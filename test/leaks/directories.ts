import { lstatSync, readdirSync, type Dirent } from 'node:fs';
import path from 'node:path';

const mostEntries = 50_000;

/** Directories that several nodes share, by device and inode: each is looked at once. */
export type SeenDirectories = Set<string>;

/**
 * Lists everything below a directory of a node, by its path on the node; symbolic links are not followed.
 *
 * @param root the node's file system: `/proc/PID/root`, or empty for the host
 * @param depth number of levels; 1 means the entries of the directory itself
 * @throws Error when there are more than 50,000 entries
 */
export function entriesBelow(
  root: string,
  directory: string,
  depth: number,
  seen: SeenDirectories,
): string[] {
  const identity = identityOf(root + directory);
  if (identity === undefined || seen.has(identity)) {
    return [];
  }
  seen.add(identity);
  const found: string[] = [];
  const walk = (inside: string, levels: number): void => {
    for (const entry of list(root + inside)) {
      const name = path.posix.join(inside, entry.name);
      found.push(entry.isDirectory() ? `${name}/` : name);
      if (found.length > mostEntries) {
        throw new Error(`more than ${mostEntries} entries below ${directory}`);
      }
      if (entry.isDirectory() && levels > 1) {
        walk(name, levels - 1);
      }
    }
  };
  walk(directory, depth);
  return found;
}

/** Lists the homes of a node: root's and those in /home. */
export function homesOf(root: string): string[] {
  return ['/root', ...list(`${root}/home`).map(({ name }) => `/home/${name}`)];
}

function list(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    // The directory has disappeared, or does not exist in this node.
    return [];
  }
}

function identityOf(directory: string): string | undefined {
  try {
    const { dev, ino } = lstatSync(directory);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
