import { codeOf } from './errors.ts';

/** Whether a process of a group is left, one that has ended and that nobody waited for included. */
export function isGroupLeft(leaderPid: number): boolean {
  try {
    process.kill(-leaderPid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

/**
 * Sends a signal to every process of a group; no error when none is left.
 *
 * @param leaderPid of a child that was started with `ownSession`.
 */
export function signalGroup(leaderPid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(-leaderPid, signal);
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') {
      throw error;
    }
  }
}
