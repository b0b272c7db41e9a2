import type { CommandResult } from '../support/processes/command.ts';
import type { Context } from '../support/context.ts';
import { CommandFailedError, MissingToolError } from '../support/errors.ts';
import { runSlurm, createSlurmError } from './run-slurm.ts';
import { findJobs, type FoundJob } from './find-jobs.ts';
import { cancelJob, hasEnded } from './job.ts';
import { formatJobId, jobIdPattern } from './job-id.ts';
import { type SubmitOptions, findRefusalFix } from './explain-refusal.ts';

/** Matches errors of sbatch after which the controller may have queued the job, although it did not answer. */
const answerLost =
  /timed out|timeout|receive|send failure|shutdown failure|zero bytes|unexpected message|connection (reset|refused|closed)|communication|temporarily/i;

/** Matches errors of sbatch that never reached the controller: no job exists, and a query would fail too. */
const notSent = /connect failure|could not establish a configuration source/i;

/** Delays between searches of the queue; a busy controller may serve a request after its sender gave up. */
const searchDelaysMs = [0, 2_000, 4_000, 8_000];

/** Accepted difference between the clocks of this host and the controller. */
const clockSkewMs = 60_000;

/** Error for a failed sbatch whose job may nevertheless be in the queue. */
export class UncertainSubmissionError extends CommandFailedError {}

export interface Submission extends SubmitOptions {
  /** Name of the job; when undefined, the queue is not searched after a lost answer. */
  readonly name?: string | undefined;
}

/**
 * Submits a batch script and resolves to the job's id. Ctrl-C does not reach sbatch, which could not report
 * the id of its job if it were interrupted; it ends by its own time limit. After a failure, and when the
 * answer contains no id, the queue is searched for the job.
 *
 * @throws {UncertainSubmissionError} when the job may be in the queue, and was not found.
 * @throws {CommandFailedError} with sbatch's reason; for an unknown partition the fix names the existing
 * ones.
 */
export async function submitScript(
  context: Context,
  script: string,
  { name, ...options }: Submission = {},
): Promise<string> {
  const uninterrupted = { ...context, signal: new AbortController().signal };
  const since = context.clock.now();
  const result = await runSlurm(uninterrupted, 'sbatch', ['--parsable', script], { ownSession: true });
  const { ids, others } = parseAnswer(result);
  const [id, ...furtherIds] = ids;
  if (result.exitCode === 0 && id !== undefined && furtherIds.length === 0) {
    // A site's job filter may print messages, for example that a budget is low or that the job was moved.
    for (const line of others) {
      context.output.info(line);
    }
    return id;
  }
  const isLost =
    result.exitCode === 0 ||
    result.exitCode === undefined ||
    answerLost.test(result.stderr) ||
    id !== undefined;
  const found =
    name === undefined || (notSent.test(result.stderr) && !isLost)
      ? undefined
      : await searchQueue(uninterrupted, { name, script, clusters: options.clusters, since, isLost });
  if (found?.[0] !== undefined) {
    return adoptJob(uninterrupted, result, [found[0], ...found.slice(1)]);
  }
  if (isLost) {
    const failure = createSlurmError(
      result,
      result.exitCode === 0 ? 'sbatch printed no job id' : 'sbatch failed',
    );
    throw new UncertainSubmissionError(
      `${failure.message}; ${found === undefined ? 'squeue does not report whether' : 'squeue does not show that'} the job was queued`,
      { cause: result },
    );
  }
  throw createSlurmError(
    result,
    'sbatch refused the job',
    await findRefusalFix(context, result.stderr, options),
  );
}

/** Parses the output of sbatch into job ids and other lines, which a site's sbatch may print before and after the id. */
function parseAnswer({ stdout, stderr }: CommandResult): { ids: string[]; others: string[] } {
  const ids = new Set<string>();
  const others: string[] = [];
  for (const line of splitLines(stdout)) {
    const [, number, cluster] = /^Submitted batch job (\d+)(?: on cluster (\S+))?$/i.exec(line) ?? [];
    if (jobIdPattern.test(line)) {
      ids.add(line);
    } else if (number !== undefined) {
      ids.add(formatJobId({ number, cluster }));
    } else {
      others.push(line);
    }
  }
  return { ids: [...ids], others: [...others, ...splitLines(stderr)] };
}

interface Search {
  readonly name: string;
  readonly script: string;
  readonly clusters: string | undefined;
  readonly since: Date;
  /** True when the job may appear in the queue later. */
  readonly isLost: boolean;
}

/** Finds the jobs of this call of sbatch; undefined when squeue does not answer. */
async function searchQueue(
  context: Context,
  { isLost, since, ...traits }: Search,
): Promise<readonly FoundJob[] | undefined> {
  let answer: readonly FoundJob[] | undefined;
  for (const delayMs of isLost ? searchDelaysMs : [0]) {
    await context.clock.sleep(delayMs);
    try {
      const [jobs = []] = await findJobs(context, [traits]);
      answer = jobs.filter((job) => isNew(job, since));
      if (answer.length > 0) {
        return answer;
      }
    } catch (error) {
      if (!(error instanceof CommandFailedError || error instanceof MissingToolError)) {
        throw error;
      }
    }
  }
  return answer;
}

/**
 * Returns whether a job was submitted after a time; an earlier run of the same id had the same name and
 * script.
 */
function isNew({ job, submittedAt }: FoundJob, since: Date): boolean {
  // Slurm's times are whole seconds.
  const earliestMs = since.getTime() - (hasEnded(job) ? 2_000 : clockSkewMs);
  return submittedAt === undefined ? !hasEnded(job) : submittedAt.getTime() >= earliestMs;
}

/** Uses the first job that was found and cancels the others, which a wrapper of sbatch that retries may submit. */
async function adoptJob(
  context: Context,
  result: CommandResult,
  [first, ...others]: readonly [FoundJob, ...FoundJob[]],
): Promise<string> {
  const what = createSlurmError(result, result.exitCode === 0 ? 'sbatch printed no job id' : 'sbatch failed');
  context.output.warn(`${what.message}; the job is in the queue nevertheless, as ${first.id}`);
  for (const { id } of others) {
    context.output.info(`canceling job ${id}, a second one of this run`);
    await cancelJob(context, id);
  }
  return first.id;
}

function splitLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
