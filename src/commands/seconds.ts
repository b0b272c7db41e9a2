import { UsageError } from '../support/errors.ts';

const LONGEST_SECONDS = 1_000_000;

/** Converts a duration of the command line from seconds to milliseconds. */
export function secondsToMs(flag: string, seconds: number): number {
  if (!(seconds > 0 && seconds <= LONGEST_SECONDS)) {
    throw new UsageError(`${flag} requires a number of seconds above 0, not ${seconds}`, {
      fix: `${flag} 60`,
    });
  }
  return seconds * 1000;
}
