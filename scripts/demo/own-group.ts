import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Hierarchies of control groups in versions 1 and 2; the first existing one suffices. */
const hierarchies = [
  { directory: '/sys/fs/cgroup/freezer', line: /^\d+:freezer:(.*)$/m },
  { directory: '/sys/fs/cgroup', line: /^0::(.*)$/m },
];

export const groupPrefix = 'hpc-gat-demo-';

/**
 * Moves this process into its own control group, so that the kernel knows which processes it started: a daemon leaves
 * its parent and its session, but never its group.
 *
 * @returns a function that leaves and removes the group; undefined without control groups
 */
export function enterOwnGroup(): (() => void) | undefined {
  const hierarchy = hierarchies.find(({ directory }) => existsSync(path.join(directory, 'cgroup.procs')));
  if (hierarchy === undefined) {
    return undefined;
  }
  const { directory, line } = hierarchy;
  removeEmpty(directory);
  const before = path.join(directory, line.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/');
  const own = path.join(directory, `${groupPrefix}${process.pid}`);
  mkdirSync(own);
  moveTo(own);
  return () => {
    moveTo(before);
    removeEmpty(directory);
  };
}

function moveTo(group: string): void {
  writeFileSync(path.join(group, 'cgroup.procs'), String(process.pid));
}

/** Removes the groups of killed demos, unless they still contain a process. */
function removeEmpty(directory: string): void {
  for (const name of readdirSync(directory).filter((entry) => entry.startsWith(groupPrefix))) {
    try {
      rmdirSync(path.join(directory, name));
    } catch {
      // The group is busy: it belongs to another demo, or a process was left in it, which the leak check reports.
    }
  }
}
