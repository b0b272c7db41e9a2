/** Job as Slurm reports it. */
export interface Job {
  /** State in Slurm's capitals: PENDING, RUNNING, COMPLETED, CANCELLED, ... */
  readonly state: string;
  /** Reason why the job waits or ended; undefined when Slurm gives none. */
  readonly reason: string | undefined;
  /** One or more nodes; undefined while the job has none. */
  readonly nodes: string | undefined;
  /** Exit code of the batch script, once it has ended and Slurm reports it. */
  readonly exitCode: number | undefined;
  /** Id of the user who canceled the job, 0 for an administrator or Slurm; undefined when accounting does not report it. */
  readonly canceledBy?: number | undefined;
  /** Run time in seconds; undefined before the end, or when Slurm does not report it. */
  readonly ranSeconds?: number | undefined;
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

/** Returns whether a job has ended for good. */
export function hasEnded(job: Job): boolean {
  return !unfinished.has(job.state);
}

export const queueFormat = '%i|%T|%r|%N|';

/** Parses squeue's lines of {@link queueFormat} into jobs by number. */
export function parseQueue(stdout: string): Map<string, Job> {
  return parseRows(stdout, parseQueueJob);
}

/** Parses one job from the fields of {@link queueFormat} after its number. */
export function parseQueueJob([state = '', reason, nodes]: readonly string[]): Job {
  return { state, reason: omitPlaceholder(reason), nodes: omitPlaceholder(nodes), exitCode: undefined };
}

export const accountingFormat = 'JobIDRaw,State,Reason,NodeList,ExitCode,ElapsedRaw';

/** Parses sacct's lines of {@link accountingFormat} into ended jobs by number. */
export function parseAccounting(stdout: string): Map<string, Job> {
  const jobs = parseRows(stdout, ([state = '', reason, nodes, code, seconds]) => ({
    // sacct writes "CANCELLED by 1001".
    state: state.split(' ')[0] ?? state,
    reason: omitPlaceholder(reason),
    nodes: omitPlaceholder(nodes),
    exitCode: parseExitCode(code),
    canceledBy: parseNumber(/ by (\d+)/.exec(state)?.[1]),
    ranSeconds: parseNumber(seconds),
  }));
  return new Map([...jobs].filter(([, job]) => hasEnded(job)));
}

/** Parses the line of a job from `scontrol --oneliner show job`. */
export function parseControllerJob(stdout: string): Job | undefined {
  const field = (name: string) => new RegExp(`(?:^|\\s)${name}=(\\S+)`).exec(stdout)?.[1];
  const state = field('JobState');
  if (state === undefined) {
    return undefined;
  }
  return {
    state,
    reason: omitPlaceholder(field('Reason')),
    nodes: omitPlaceholder(field('NodeList')),
    exitCode: unfinished.has(state) ? undefined : parseExitCode(field('ExitCode')),
    ranSeconds: unfinished.has(state) || field('RunTime') !== '00:00:00' ? undefined : 0,
  };
}

function parseRows(stdout: string, toJob: (fields: readonly string[]) => Job): Map<string, Job> {
  const rows = stdout
    .split('\n')
    .map((line) => line.trim().split('|'))
    .filter(([id, state]) => id !== undefined && state !== undefined && state !== '');
  // A requeued job has a line for each start, in order.
  return new Map(rows.map(([id = '', ...fields]) => [id, toJob(fields)]));
}

function omitPlaceholder(text: string | undefined): string | undefined {
  return text === undefined || ['', 'None', '(null)', 'None assigned', 'n/a'].includes(text)
    ? undefined
    : text;
}

function parseNumber(text: string | undefined): number | undefined {
  return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
}

/** Parses an exit code: "3:0" is exit code 3 without a signal; "0:9" is a signal. */
function parseExitCode(text: string | undefined): number | undefined {
  const [code, signal] = (text ?? '').split(':').map(Number);
  return code === undefined || Number.isNaN(code) || (signal ?? 0) !== 0 ? undefined : code;
}
