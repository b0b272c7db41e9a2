import { readFileSync } from 'node:fs';
import { getErrorCode } from '../errors.ts';
import { isRunning, type ProcessIdentity } from './process-identity.ts';

/** Returns whether a group has a process left, zombies included. */
export function isGroupLeft(leaderPid: number): boolean {
  if (!isOtherProcess(leaderPid)) {
    return false;
  }
  try {
    process.kill(-leaderPid, 0);
    return true;
  } catch (error) {
    return getErrorCode(error) !== 'ESRCH';
  }
}

/**
 * Sends a signal to every process of a group; no error when none is left. Numbers that cannot be the group of
 * a child are ignored: -1 would reach every process of the user, 0 and the number of this process its own
 * group.
 *
 * @param leaderPid process id of a child that was started with `ownSession`
 * @returns whether the signal was sent
 */
export function signalGroup(leaderPid: number, signal: 'SIGTERM' | 'SIGKILL'): boolean {
  if (!isOtherProcess(leaderPid) || leaderPid === ownGroup()) {
    return false;
  }
  try {
    process.kill(-leaderPid, signal);
    return true;
  } catch (error) {
    if (getErrorCode(error) !== 'ESRCH') {
      throw error;
    }
    return false;
  }
}

/**
 * Sends a signal to a process that a file names, unless the number now belongs to another process.
 *
 * @returns whether the signal was sent; false for an ended process, a process of another user, and a number that could
 *   address more than one process.
 */
export function signalProcess(identity: ProcessIdentity, signal: 'SIGTERM' | 'SIGKILL'): boolean {
  if (!isOtherProcess(identity.pid) || isRunning(identity) !== true) {
    return false;
  }
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch (error) {
    if (getErrorCode(error) !== 'ESRCH' && getErrorCode(error) !== 'EPERM') {
      throw error;
    }
    return false;
  }
}

/**
 * Returns whether a number, possibly from a file, addresses one process other than init and this one, and no
 * group (kill(2)).
 */
function isOtherProcess(pid: number): boolean {
  return Number.isSafeInteger(pid) && pid > 1 && pid !== process.pid;
}

/** Returns the process group of this process: field 5 of /proc/self/stat (proc(5)). */
function ownGroup(): number {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
}
