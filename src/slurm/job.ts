import type { CommandResult } from '../support/processes/command.ts';
import type { Context } from '../support/context.ts';
import { CommandFailedError, MissingToolError } from '../support/errors.ts';
import { runSlurm, createSlurmError } from './run-slurm.ts';
import { formatJobId, toClusterOption, parseJobId } from './job-id.ts';
import {
  accountingFormat,
  hasEnded,
  type Job,
  parseAccounting,
  parseControllerJob,
  parseQueue,
  queueFormat,
} from './job-reports.ts';

export { hasEnded, type Job } from './job-reports.ts';

/**
 * Queries Slurm for one job; see {@link queryJobs}.
 *
 * @throws {CommandFailedError} when the controller does not answer.
 */
export async function queryJob(context: Context, id: string): Promise<Job | undefined> {
  return (await queryJobs(context, [id])).get(id);
}

/**
 * Queries Slurm for jobs by their ids: the queue, with one call for each cluster; accounting, for jobs that
 * no longer wait or run; and the controller's list of finished jobs, for those that accounting does not know.
 * The result lacks jobs that none of them knows.
 *
 * @throws {CommandFailedError} when the controller does not answer.
 */
export async function queryJobs(context: Context, ids: readonly string[]): Promise<Map<string, Job>> {
  const found = new Map<string, Job>();
  for (const cluster of new Set(ids.map((id) => parseJobId(id).cluster))) {
    const numbers = ids.map(parseJobId).flatMap((id) => (id.cluster === cluster ? [id.number] : []));
    for (const [number, job] of await queryCluster(cluster, context, numbers)) {
      found.set(formatJobId({ number, cluster }), job);
    }
  }
  return found;
}

/**
 * Asks accounting alone for jobs that have ended, by their ids: who canceled them. Empty where it does not answer within
 * the time limit, and on a host without Slurm.
 */
export async function queryEndedJobs(
  context: Context,
  ids: readonly string[],
  timeoutMs: number,
): Promise<Map<string, Job>> {
  const found = new Map<string, Job>();
  for (const cluster of new Set(ids.map((id) => parseJobId(id).cluster))) {
    const numbers = ids.map(parseJobId).flatMap((id) => (id.cluster === cluster ? [id.number] : []));
    for (const [number, job] of await queryAccounting(cluster, context, numbers, timeoutMs)) {
      found.set(formatJobId({ number, cluster }), job);
    }
  }
  return found;
}

/** Time within which a job has to start ending after scancel. */
const endingMs = 10_000;
const pollMs = 300;

type Cluster = string | undefined;

async function queryCluster(
  cluster: Cluster,
  context: Context,
  ids: readonly string[],
): Promise<Map<string, Job>> {
  const jobs = await queryQueue(cluster, context, ids);
  const isOver = (id: string): boolean => {
    const job = jobs.get(id);
    return job === undefined || hasEnded(job);
  };
  const over = ids.filter(isOver);
  if (over.length === 0) {
    return jobs;
  }
  const accounted = await queryAccounting(cluster, context, over);
  for (const id of over) {
    // The queue's list shows all jobs that the controller knows, without exit codes: scontrol knows no
    // others.
    const job =
      accounted.get(id) ??
      (ids.length === 1 || jobs.has(id) ? await queryController(cluster, context, id) : undefined);
    if (job !== undefined) {
      jobs.set(id, job);
    }
  }
  return jobs;
}

async function queryQueue(
  cluster: Cluster,
  context: Context,
  ids: readonly string[],
): Promise<Map<string, Job>> {
  const result = await runSlurm(context, 'squeue', [
    ...toClusterOption(cluster),
    '--noheader',
    '--states=all',
    `--jobs=${ids.join(',')}`,
    `--format=${queueFormat}`,
  ]);
  if (result.exitCode === 0) {
    return parseQueue(result.stdout);
  }
  // squeue reports this for one job; of several it omits the unknown ones.
  if (/invalid job id/i.test(result.stderr)) {
    return new Map();
  }
  throw createSlurmError(result, `squeue cannot list job ${ids.join(', ')}`);
}

async function queryAccounting(
  cluster: Cluster,
  context: Context,
  ids: readonly string[],
  timeoutMs?: number,
): Promise<Map<string, Job>> {
  const result = await ignoreFailure(
    runSlurm(
      context,
      'sacct',
      [
        ...toClusterOption(cluster),
        '--noheader',
        '--allocations',
        '--parsable2',
        `--jobs=${ids.join(',')}`,
        `--format=${accountingFormat}`,
      ],
      timeoutMs === undefined ? {} : { timeoutMs },
    ),
  );
  return result?.exitCode === 0 ? parseAccounting(result.stdout) : new Map<string, Job>();
}

async function queryController(cluster: Cluster, context: Context, id: string): Promise<Job | undefined> {
  const result = await ignoreFailure(
    runSlurm(context, 'scontrol', [...toClusterOption(cluster), '--oneliner', 'show', 'job', id]),
  );
  return result?.exitCode === 0 ? parseControllerJob(result.stdout) : undefined;
}

/** Returns the result of a command that a site may lack; undefined then. */
async function ignoreFailure(result: Promise<CommandResult>): Promise<CommandResult | undefined> {
  try {
    return await result;
  } catch {
    return undefined;
  }
}

/**
 * Cancels a job, and verifies that it is ending. A job that is unknown or has already ended is not an error.
 *
 * @throws {CommandFailedError} when Slurm refuses, does not answer, or leaves the job as it is.
 */
export async function cancelJob(context: Context, id: string): Promise<void> {
  const { number, cluster } = parseJobId(id);
  const result = await runSlurm(context, 'scancel', [...toClusterOption(cluster), number]);
  if (result.exitCode !== 0 && !/invalid job id|already completing|completed/i.test(result.stderr)) {
    throw createSlurmError(result, `scancel ${id} failed`);
  }
  const deadlineMs = context.clock.now().getTime() + endingMs;
  for (;;) {
    const job = await queryJob(context, id).catch((error: unknown) => {
      context.signal.throwIfAborted();
      // scancel succeeded, and no query contradicts it.
      if (error instanceof CommandFailedError || error instanceof MissingToolError) {
        return undefined;
      }
      throw error;
    });
    if (job === undefined || hasEnded(job) || job.state === 'COMPLETING') {
      return;
    }
    if (context.clock.now().getTime() >= deadlineMs) {
      throw new CommandFailedError(
        `scancel ${id} reported success, but the job is still ${job.state} after ${endingMs / 1_000} s`,
        { fix: `try again, or ask the administrators to end job ${number}` },
      );
    }
    await context.clock.sleep(pollMs, context.signal);
  }
}
