import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** One process, told apart from a later one that got the same number. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** When it started, in clock ticks since boot: field 22 of /proc/PID/stat, proc(5). */
  readonly startTicks: number;
}

export function ownIdentity(): ProcessIdentity {
  return identityOf(process.pid) ?? { host: hostname(), pid: process.pid, startTicks: 0 };
}

/** Whether that process still runs; undefined for one of another host, which cannot be seen from here. */
export function isRunning({ host, pid, startTicks }: ProcessIdentity): boolean | undefined {
  return host === hostname() ? startTicksOf(pid) === startTicks : undefined;
}

/** Undefined when there is no such process, or when it has ended and waits for its parent. */
function startTicksOf(pid: number): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The second field is the program's name in parentheses, which may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  return state === 'Z' || state === 'X' ? undefined : Number(fields[19]);
}

/** The identity of a process of this host; undefined when it has ended already. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const startTicks = startTicksOf(pid);
  return startTicks === undefined ? undefined : { host: hostname(), pid, startTicks };
}

/** Undefined when the text is no identity, as {@link JSON.stringify} writes one. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    const { host, pid, startTicks } = JSON.parse(text) as Partial<ProcessIdentity>;
    return typeof host === 'string' && typeof pid === 'number' && typeof startTicks === 'number'
      ? { host, pid, startTicks }
      : undefined;
  } catch {
    return undefined;
  }
}
