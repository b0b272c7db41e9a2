import { availableParallelism } from 'node:os';
import { getAddressSpaceLimit } from '../../support/processes/address-space.ts';
import { formatBytes } from '../../support/text/amounts.ts';
import { HpcGatError, UsageError } from '../../support/errors.ts';

/** Default number of threads outside a job: this host may be a login node that others also use. */
const modest = 4;

/** Address space of Node and of each conversion thread; measured: 1.8 GB, and 0.62 GB per thread. */
const nodeBytes = 1.9e9;
const threadBytes = 0.65e9;

/**
 * Returns the number of compression threads, which is reduced if the address space is limited (`ulimit -v`).
 *
 * @param requested value of `--threads`
 * @throws {UsageError} for an invalid number of threads.
 * @throws {HpcGatError} if the limit is too low for one thread.
 */
export function getThreadCount(
  requested: number | undefined,
  env: Readonly<Record<string, string | undefined>>,
  processors = availableParallelism(),
  limitBytes = getAddressSpaceLimit(),
): number {
  const threads = chooseThreadCount(requested, env, processors);
  if (limitBytes === undefined) {
    return threads;
  }
  const fitting = Math.floor((limitBytes - nodeBytes) / threadBytes);
  if (fitting < 1) {
    const [has, needs] = [formatBytes(limitBytes), formatBytes(nodeBytes + threadBytes)];
    throw new HpcGatError(
      `the address space is limited to ${has} (ulimit -v), but a conversion needs at least ${needs}`,
      { fix: 'raise the limit (`ulimit -v unlimited`), convert in a job, or use --engine apptainer' },
    );
  }
  return Math.min(threads, fitting);
}

function chooseThreadCount(
  requested: number | undefined,
  env: Readonly<Record<string, string | undefined>>,
  processors: number,
): number {
  if (requested !== undefined) {
    if (Number.isInteger(requested) && requested >= 1 && requested <= 256) {
      return requested;
    }
    throw new UsageError(`--threads must be a whole number from 1 to 256, not ${requested}`, {
      fix: `omit it for the default, ${chooseThreadCount(undefined, env, processors)}`,
    });
  }
  const granted = Number(env.SLURM_CPUS_PER_TASK);
  return Number.isInteger(granted) && granted >= 1 ? granted : Math.min(processors, modest);
}
