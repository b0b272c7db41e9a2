import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Hierarchies of control groups, version 1 and 2: the first that is there is enough. */
const hierarchies = [
  { directory: '/sys/fs/cgroup/freezer', line: /^\d+:freezer:(.*)$/m },
  { directory: '/sys/fs/cgroup', line: /^0::(.*)$/m },
];

export const groupPrefix = 'hpc-gat-demo-';

/**
 * Puts this process into a control group of its own, so that the kernel itself knows which processes it started:
 * a daemon leaves its parent and its session, never its group.
 *
 * @returns leaves the group again and removes it; undefined where there are no control groups
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

/** Also the groups of demos that were killed. One that holds a process stays. */
function removeEmpty(directory: string): void {
  for (const name of readdirSync(directory).filter((entry) => entry.startsWith(groupPrefix))) {
    try {
      rmdirSync(path.join(directory, name));
    } catch {
      // Busy: another demo's, or a process was left in it, which the leak check reports.
    }
  }
}
