import { availableParallelism } from 'node:os';
import { UsageError } from '../../support/errors.ts';

/** Where nobody has granted processors to this process, it may be on a login node that others work on too. */
const modest = 4;

/**
 * How many blocks are compressed at once.
 *
 * @param asked `--threads`
 * @throws {UsageError} for what is no number of threads.
 */
export function conversionThreads(
  asked: number | undefined,
  env: Readonly<Record<string, string | undefined>>,
  processors = availableParallelism(),
): number {
  if (asked !== undefined) {
    if (Number.isInteger(asked) && asked >= 1 && asked <= 256) {
      return asked;
    }
    throw new UsageError(`--threads has to be a whole number from 1 to 256, not ${asked}`, {
      fix: `leave it out for ${conversionThreads(undefined, env, processors)}`,
    });
  }
  const granted = Number(env.SLURM_CPUS_PER_TASK);
  return Number.isInteger(granted) && granted >= 1 ? granted : Math.min(processors, modest);
}
