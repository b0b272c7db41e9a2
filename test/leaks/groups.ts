import { readdirSync } from 'node:fs';
import path from 'node:path';
import { mountsOf } from './mounts.ts';
import type { Process } from './processes.ts';

/** Hierarchies of control groups on this machine: `freezer`, `name=systemd`, empty for version 2 -> directory. */
export function hierarchies(): Map<string, string> {
  const found = new Map<string, string>();
  for (const { point, type, options } of mountsOf('self')) {
    if (type === 'cgroup2') {
      found.set('', point);
    } else if (type === 'cgroup') {
      const controllers = options.split(',').filter((option) => !['rw', 'ro', 'xattr'].includes(option));
      found.set(controllers.join(','), point);
    }
  }
  return found;
}

/** Docker's daemon makes it for its first container, and keeps it: those of the containers lie in it. */
const groupOfDaemon = 'docker';

/**
 * The control groups that a node's processes are in, and all groups below the node's own.
 *
 * @param looker this process: a group that it is in, or that its group is in, is not a node's own
 */
export function groupLines(first: Process, members: readonly Process[], looker: Process): string[] {
  const found = new Set<string>();
  for (const { groups } of members) {
    for (const [hierarchy, group] of groups) {
      found.add(`${hierarchy.replace(/^\d+:/, '')}:${group}`);
    }
  }
  const directories = hierarchies();
  for (const [hierarchy, group] of first.groups) {
    const name = hierarchy.replace(/^\d+:/, '');
    const directory = directories.get(name);
    if (directory !== undefined && !isWithin(looker.groups.get(hierarchy) ?? '/', group)) {
      for (const below of directoriesBelow(path.join(directory, group))) {
        if (below !== groupOfDaemon) {
          found.add(`${name}:${path.join(group, below)}`);
        }
      }
    }
  }
  return [...found];
}

/** Groups of this machine whose name holds one of the marks. */
export function markedGroups(marks: readonly string[]): string[] {
  return [...hierarchies()].flatMap(([name, directory]) =>
    directoriesBelow(directory)
      .filter((group) => marks.some((mark) => group.includes(mark)))
      .map((group) => `${name}:/${group}`),
  );
}

/** Whether control group `inner` is `outer` or below it. */
export function isWithin(inner: string, outer: string): boolean {
  return outer === '/' || inner === outer || inner.startsWith(`${outer}/`);
}

function directoriesBelow(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true, recursive: true }).flatMap((entry) =>
      entry.isDirectory() ? [path.relative(directory, path.join(entry.parentPath, entry.name))] : [],
    );
  } catch {
    // Groups come and go while this one reads.
    return [];
  }
}
