import { readFileSync } from 'node:fs';
import type { Process } from './processes.ts';

export interface Mount {
  readonly point: string;
  readonly root: string;
  readonly type: string;
  readonly source: string;
  readonly options: string;
}

/** Lists the mounts that a process sees; none if it has ended. The format is that of proc(5), /proc/PID/mountinfo. */
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

/**
 * Docker's daemon keeps this mount after the first container in the machine's own network; those of containers have
 * other names.
 */
const networkOfDaemon = '/run/docker/netns/default';

function linesOf(pid: number): string[] {
  return mountsOf(pid)
    .filter(({ point }) => point !== networkOfDaemon)
    .map(describeMount);
}

/**
 * Lists the mounts of a node, and those visible only to processes with their own mount namespace, such as containers
 * and FUSE file systems.
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
