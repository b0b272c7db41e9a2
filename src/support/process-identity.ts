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
  return { host: hostname(), pid: process.pid, startTicks: startTicksOf(process.pid) ?? 0 };
}

/** Whether that process still runs; undefined for one of another host, which cannot be seen from here. */
export function isRunning({ host, pid, startTicks }: ProcessIdentity): boolean | undefined {
  return host === hostname() ? startTicksOf(pid) === startTicks : undefined;
}

/** Undefined when there is no such process, or when it has ended and waits for its parent. */
export function startTicksOf(pid: number): number | undefined {
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
