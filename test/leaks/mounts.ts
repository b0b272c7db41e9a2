import { readFileSync } from 'node:fs';
import type { Process } from './processes.ts';

export interface Mount {
  readonly point: string;
  readonly root: string;
  readonly type: string;
  readonly source: string;
  readonly options: string;
}

/** The mounts that a process sees; none when it has ended. Form of the lines: proc(5), /proc/PID/mountinfo. */
export function mountsOf(pid: number | 'self'): Mount[] {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/mountinfo`, 'utf8');
  } catch {
    return [];
  }
  return parseMounts(text);
}

export function parseMounts(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root, point] = before.split(' ');
    const [type = '', source = '', options = ''] = after.split(' ');
    return root === undefined || point === undefined ? [] : [{ point, root, type, source, options }];
  });
}

/** Docker's daemon keeps it from the first container in the machine's own network on; those of containers have other names. */
const networkOfDaemon = '/run/docker/netns/default';

function linesOf(pid: number): string[] {
  return mountsOf(pid)
    .filter(({ point }) => point !== networkOfDaemon)
    .map(describeMount);
}

/**
 * The mounts of a node, and those that only processes with a mount namespace of their own see: a container's,
 * a FUSE file system's.
 */
export function mountLines(first: Process, members: readonly Process[]): string[] {
  const own = linesOf(first.pid);
  const known = new Set(own);
  const seen = new Set([first.namespaces.mnt]);
  const elsewhere: string[] = [];
  for (const { pid, namespaces, command } of members) {
    if (!seen.has(namespaces.mnt)) {
      seen.add(namespaces.mnt);
      const where = `seen by process ${pid}, ${command.slice(0, 60)}`;
      const others = linesOf(pid);
      elsewhere.push(...others.filter((line) => !known.has(line)).map((line) => `${line}, ${where}`));
    }
  }
  return [...own, ...elsewhere];
}

export function describeMount({ point, root, type, source }: Mount): string {
  return `${point} (${type} ${source}${root === '/' ? '' : ` ${root}`})`;
}
