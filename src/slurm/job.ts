import type { CommandResult } from '../support/command.ts';
import type { Context } from '../support/context.ts';
import { runSlurm, slurmFailure } from './command.ts';

/** What Slurm says of a job. */
export interface Job {
  /** Slurm's word in capitals: PENDING, RUNNING, COMPLETED, CANCELLED, ... */
  readonly state: string;
  /** Why it waits or why it ended; undefined when Slurm gives none. */
  readonly reason: string | undefined;
  /** The node or nodes; undefined while it has none. */
  readonly nodes: string | undefined;
  /** What the batch script ended with, once it has ended and Slurm knows. */
  readonly exitCode: number | undefined;
}

const unfinished = new Set([
  'PENDING',
  'CONFIGURING',
  'RUNNING',
  'COMPLETING',
  'SUSPENDED',
  'STOPPED',
  'RESIZING',
  'SIGNALING',
  'STAGE_OUT',
  'REQUEUED',
  'REQUEUE_HOLD',
  'REQUEUE_FED',
  'RESV_DEL_HOLD',
  'SPECIAL_EXIT',
]);

/** Whether Slurm will do nothing more for it. */
export function hasEnded(job: Job): boolean {
  return !unfinished.has(job.state);
}

/**
 * Asks Slurm for a job: the queue first, then accounting, then the controller's memory of finished jobs.
 * Resolves to undefined when none of them knows it.
 *
 * @throws {CommandFailedError} when the controller does not answer.
 */
export async function queryJob(context: Context, id: string): Promise<Job | undefined> {
  const queue = await runSlurm(context, 'squeue', [
    '--noheader',
    '--states=all',
    `--jobs=${id}`,
    '--format=%T|%r|%N|',
  ]);
  const queued = queue.exitCode === 0 ? parseQueue(queue.stdout) : undefined;
  if (queued !== undefined && !hasEnded(queued)) {
    return queued;
  }
  if (queue.exitCode !== 0 && !/invalid job id/i.test(queue.stderr)) {
    throw slurmFailure(queue, `squeue does not tell of job ${id}`);
  }
  return (await fromAccounting(context, id)) ?? (await fromController(context, id)) ?? queued;
}

function parseQueue(stdout: string): Job | undefined {
  const [state, reason, nodes] = stdout.trim().split('\n')[0]?.split('|') ?? [];
  if (state === undefined || state === '') {
    return undefined;
  }
  return { state, reason: meaningful(reason), nodes: meaningful(nodes), exitCode: undefined };
}

async function fromAccounting(context: Context, id: string): Promise<Job | undefined> {
  const result = await optional(
    runSlurm(context, 'sacct', [
      '--noheader',
      '--allocations',
      '--parsable2',
      `--jobs=${id}`,
      '--format=State,Reason,NodeList,ExitCode',
    ]),
  );
  const line = result?.exitCode === 0 ? result.stdout.trim().split('\n')[0] : undefined;
  const [state, reason, nodes, code] = line?.split('|') ?? [];
  if (state === undefined || state === '' || unfinished.has(state)) {
    return undefined;
  }
  return {
    // sacct writes "CANCELLED by 1001".
    state: state.split(' ')[0] ?? state,
    reason: meaningful(reason),
    nodes: meaningful(nodes),
    exitCode: parseExitCode(code),
  };
}

async function fromController(context: Context, id: string): Promise<Job | undefined> {
  const result = await optional(runSlurm(context, 'scontrol', ['--oneliner', 'show', 'job', id]));
  if (result?.exitCode !== 0) {
    return undefined;
  }
  const field = (name: string) => new RegExp(`(?:^|\\s)${name}=(\\S+)`).exec(result.stdout)?.[1];
  const state = field('JobState');
  if (state === undefined) {
    return undefined;
  }
  return {
    state,
    reason: meaningful(field('Reason')),
    nodes: meaningful(field('NodeList')),
    exitCode: unfinished.has(state) ? undefined : parseExitCode(field('ExitCode')),
  };
}

/** A source that a site may not have: its absence is no error. */
async function optional(result: Promise<CommandResult>): Promise<CommandResult | undefined> {
  try {
    return await result;
  } catch {
    return undefined;
  }
}

function meaningful(text: string | undefined): string | undefined {
  return text === undefined || ['', 'None', '(null)', 'None assigned', 'n/a'].includes(text)
    ? undefined
    : text;
}

/** "3:0" is exit code 3, no signal; "0:9" a signal. */
function parseExitCode(text: string | undefined): number | undefined {
  const [code, signal] = (text ?? '').split(':').map(Number);
  return code === undefined || Number.isNaN(code) || (signal ?? 0) !== 0 ? undefined : code;
}

/**
 * Asks Slurm to end a job. One that is unknown or has ended already is no error.
 *
 * @throws {CommandFailedError} when Slurm refuses or does not answer.
 */
export async function cancelJob(context: Context, id: string): Promise<void> {
  const result = await runSlurm(context, 'scancel', [id]);
  if (result.exitCode !== 0 && !/invalid job id|already completing|completed/i.test(result.stderr)) {
    throw slurmFailure(result, `scancel ${id} failed`);
  }
}
