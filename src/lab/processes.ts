import { readFile, rm } from 'node:fs/promises';
import type { Clock } from '../support/context.ts';
import { isMissing, readTextIfPresent } from '../support/files.ts';

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessRecord {
  readonly pid: number;
  /** Clock ticks between the start of the machine and of the process: proc(5), /proc/PID/stat, field 22. */
  readonly startTime: string;
}

/** "PID START", as the lab's scripts write it. */
export function parseProcessRecord(text: string): ProcessRecord | undefined {
  const found = /^(\d+) (\d+)\s*$/.exec(text);
  return found?.[1] === undefined || found[2] === undefined
    ? undefined
    : { pid: Number(found[1]), startTime: found[2] };
}

/**
 * Field 22 of a line of /proc/PID/stat, or undefined when the process has ended and nobody has asked for its
 * exit code yet. The name in parentheses may itself hold blanks and parentheses.
 */
export function parseStartTime(stat: string): string | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

/** The process with this number now, or undefined when there is none. */
export async function recordOf(pid: number): Promise<ProcessRecord | undefined> {
  try {
    const startTime = parseStartTime(await readFile(`/proc/${pid}/stat`, 'utf8'));
    return startTime === undefined ? undefined : { pid, startTime };
  } catch (error) {
    // A process that ends while its file is read gives ESRCH.
    if (isMissing(error) || (error as NodeJS.ErrnoException).code === 'ESRCH') {
      return undefined;
    }
    throw error;
  }
}

export async function isRunning(record: ProcessRecord): Promise<boolean> {
  return (await recordOf(record.pid))?.startTime === record.startTime;
}

/** The process that a pid file names, when it is still that process. */
export async function runningProcess(pidFile: string): Promise<ProcessRecord | undefined> {
  const record = parseProcessRecord((await readTextIfPresent(pidFile)) ?? '');
  return record !== undefined && (await isRunning(record)) ? record : undefined;
}

/** Kills the process, when it is still the recorded one, and waits until it is gone. */
export async function killAndWait(record: ProcessRecord, clock: Clock, timeoutMs = 5_000): Promise<void> {
  if (!(await isRunning(record))) {
    return;
  }
  process.kill(record.pid, 'SIGKILL');
  const end = clock.now().getTime() + timeoutMs;
  while ((await isRunning(record)) && clock.now().getTime() < end) {
    await clock.sleep(10);
  }
}

/** Kills what a pid file names and removes the file. */
export async function killRecorded(pidFile: string, clock: Clock): Promise<void> {
  const record = await runningProcess(pidFile);
  if (record !== undefined) {
    await killAndWait(record, clock);
  }
  await rm(pidFile, { force: true });
}
