import { codeOf } from './errors.ts';

/**
 * Ends at once whatever is left of a process group; no error when nothing is.
 *
 * @param leaderPid of a child that was started with `ownSession`.
 */
export function killGroup(leaderPid: number): void {
  try {
    process.kill(-leaderPid, 'SIGKILL');
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') {
      throw error;
    }
  }
}
