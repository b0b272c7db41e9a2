import { readdir, readFile, rmdir } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../support/context.ts';
import { getErrorCode } from '../support/errors.ts';
import { isMissing } from '../support/files/file-access.ts';
import type { Lab } from './open-lab.ts';

/** Control group hierarchy of the host with this lab's group in it. */
export interface Cgroup {
  /** Mount point of the hierarchy on the host. */
  readonly parent: string;
  /** Directory of the lab's group. */
  readonly directory: string;
  readonly type: 'cgroup' | 'cgroup2';
  /** Mount options that select the same hierarchy inside a node. */
  readonly options: string;
  /** Mount point below /sys/fs/cgroup; "." for the only hierarchy of version 2. */
  readonly mountPoint: string;
}

/** Lists the groups for the workstation, the only node whose daemon (Docker) creates groups. */
export async function listCgroups(lab: Lab): Promise<Cgroup[]> {
  return parseCgroups(await readFile('/proc/self/mountinfo', 'utf8'), `hpc-gat-lab-${lab.name}`);
}

/** Parses proc(5) mountinfo: version 2 alone, or the hierarchies of version 1. */
export function parseCgroups(mountinfo: string, group: string): Cgroup[] {
  const mounts = mountinfo.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const parent = before.split(' ')[4];
    const [type, , options = ''] = after.split(' ');
    if (parent?.startsWith('/sys/fs/cgroup') !== true || (type !== 'cgroup' && type !== 'cgroup2')) {
      return [];
    }
    return [{ parent, directory: path.join(parent, group), type, options }] as const;
  });
  const first = mounts.filter(({ type }) => type === 'cgroup');
  return (first.length > 0 ? first : mounts).map((mount) => ({
    ...mount,
    options: mount.type === 'cgroup2' ? 'rw' : selectHierarchy(mount.options),
    mountPoint: path.relative('/sys/fs/cgroup', mount.parent) || '.',
  }));
}

/**
 * Returns the mount options of a hierarchy. Superblock options name the controllers; a hierarchy without any
 * has a name instead.
 */
function selectHierarchy(options: string): string {
  const wanted = options
    .split(',')
    .filter((option) => !['rw', 'ro', 'xattr', 'clone_children'].includes(option));
  const known = wanted.filter((option) => !option.startsWith('release_agent='));
  return known.some((option) => option.startsWith('name=')) ? ['none', ...known].join(',') : known.join(',');
}

/** Removes the lab's groups once their last process is gone. */
export async function removeCgroups(lab: Lab, clock: Clock, timeoutMs = 2_000): Promise<void> {
  const end = clock.now().getTime() + timeoutMs;
  for (const { directory } of await listCgroups(lab)) {
    while (!(await tryRemove(directory)) && clock.now().getTime() < end) {
      await clock.sleep(20);
    }
  }
}

async function tryRemove(directory: string): Promise<boolean> {
  try {
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      if (entry.isDirectory()) {
        await tryRemove(path.join(directory, entry.name));
      }
    }
    await rmdir(directory);
    return true;
  } catch (error) {
    if (isMissing(error)) {
      return true;
    }
    if (getErrorCode(error) === 'EBUSY') {
      return false;
    }
    throw error;
  }
}
