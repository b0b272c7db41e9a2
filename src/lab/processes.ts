import { rm } from 'node:fs/promises';
import type { Clock } from '../support/context.ts';
import { readTextIfPresent } from '../support/files/file-access.ts';
import { signalProcess } from '../support/processes/process-group.ts';
import { findIdentity, isRunning, type ProcessIdentity } from '../support/processes/process-identity.ts';

/**
 * Returns the process that a pid file of the lab names; undefined when its number now belongs to another
 * process. The lab's scripts write "PID START", with START as in field 22 of /proc/PID/stat.
 */
export async function findRunningProcess(pidFile: string): Promise<ProcessIdentity | undefined> {
  const [, pid, start] = /^(\d+) (\d+)\s*$/.exec((await readTextIfPresent(pidFile)) ?? '') ?? [];
  const process = pid === undefined ? undefined : findIdentity(Number(pid));
  return process?.startTicks === Number(start) ? process : undefined;
}

/** Kills a process, unless its number now belongs to another one, and waits until it has ended. */
export async function killAndWait(identity: ProcessIdentity, clock: Clock, timeoutMs = 5_000): Promise<void> {
  if (!signalProcess(identity, 'SIGKILL')) {
    return;
  }
  const end = clock.now().getTime() + timeoutMs;
  while (isRunning(identity) === true && clock.now().getTime() < end) {
    await clock.sleep(10);
  }
}

/** Kills the process that a pid file names and removes the file. */
export async function killRecorded(pidFile: string, clock: Clock): Promise<void> {
  const identity = await findRunningProcess(pidFile);
  if (identity !== undefined) {
    await killAndWait(identity, clock);
  }
  await rm(pidFile, { force: true });
}
