import { codeOf } from './errors.ts';

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
