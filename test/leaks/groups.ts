import { readdirSync } from 'node:fs';
import path from 'node:path';
import { mountsOf } from './mounts.ts';
import type { Process } from './processes.ts';

/**
 * Returns the hierarchies of control groups on this machine: `freezer`, `name=systemd`, empty for version 2 ->
 * directory.
 */
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

/**
 * Docker's daemon creates this group for its first container, as the parent of the containers' groups, and keeps it.
 */
const groupOfDaemon = 'docker';

/**
 * Lists the control groups of a node's processes, and all groups below the node's own.
 *
 * @param looker this process: a group that contains it or its group is not the node's own
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

/** Lists the groups of this machine whose name contains one of the marks. */
export function markedGroups(marks: readonly string[]): string[] {
  return [...hierarchies()].flatMap(([name, directory]) =>
    directoriesBelow(directory)
      .filter((group) => marks.some((mark) => group.includes(mark)))
      .map((group) => `${name}:/${group}`),
  );
}

/** Returns whether control group `inner` is `outer` or below it. */
export function isWithin(inner: string, outer: string): boolean {
  return outer === '/' || inner === outer || inner.startsWith(`${outer}/`);
}

function directoriesBelow(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true, recursive: true }).flatMap((entry) =>
      entry.isDirectory() ? [path.relative(directory, path.join(entry.parentPath, entry.name))] : [],
    );
  } catch {
    // Groups may disappear during this read.
    return [];
  }
}
