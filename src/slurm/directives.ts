import type { CompleteSettings } from '../config/defaults.ts';
import { jobOptionsIn } from '../config/job-options.ts';
import { UsageError } from '../support/errors.ts';

/** Option of sbatch by its long name; `true` is an option without a value. */
export type Directive = readonly [name: string, value: string | true];

export interface JobRequest {
  readonly name: string;
  /** Absolute path of the file for the script's own output. */
  readonly output: string;
  readonly gpu: boolean;
  /** Seconds before the end of the walltime at which the batch shell gets USR1, so that it can clean up. */
  readonly warnSeconds: number;
  readonly settings: CompleteSettings['slurm'];
}

/**
 * Options that make sbatch create something other than one job of this script, or change its answer, each
 * with the fix.
 */
const unsupportedOptions: Readonly<Record<string, string>> = {
  array: 'a run is one job: call `hpc-gat submit` for each',
  wait: 'use `hpc-gat submit --wait`',
  wrap: 'put commands that the node has to run into `setup`',
  'test-only': '`hpc-gat submit --dry-run` prints the script: pass that to `sbatch --test-only`',
};

function rejectUnsupportedOption(key: string): void {
  const fix = unsupportedOptions[key];
  if (fix !== undefined) {
    throw new UsageError(`the sbatch option ${key} cannot be used for a run`, { fix });
  }
}

/**
 * Returns the sbatch options of a run's job. With `gpu`, the settings for GPU jobs take precedence over those
 * for all jobs; options that the user gives by their own name (`sbatch: { KEY: VALUE }`) take precedence over
 * everything.
 *
 * @throws {UsageError} for an option that would change the kind of job, and for a number or type of GPUs
 * where the site accepts no request for them.
 */
export function createDirectives({ name, output, gpu, warnSeconds, settings }: JobRequest): Directive[] {
  const { gpu: forGpu, mail, sbatch, ...forAll } = settings;
  const job = gpu ? { ...forAll, ...omitUndefined(forGpu) } : forAll;
  const options = jobOptionsIn('job');
  const chosen = new Map<string, string | true | undefined>([
    ['job-name', name],
    ...toDirectives(
      options.filter(({ jobs }) => jobs !== 'full-size'),
      job,
    ),
    ['nodes', '1'],
    ['ntasks', '1'],
    ...toDirectives(
      options.filter(({ jobs }) => jobs === 'full-size'),
      job,
    ),
    ...toDirectives(jobOptionsIn('mail'), {
      ...(mail.user !== undefined && { type: 'END,FAIL' }),
      ...omitUndefined(mail),
    }),
    // % begins a replacement in sbatch's file names.
    ['output', output.replaceAll('%', '%%')],
    ['open-mode', 'append'],
    ['export', 'NONE'],
    // The limits of the login node's shells (`ulimit -v`, `-t`, `-u`) must not apply to the job, which gets its node's.
    ['propagate', 'NONE'],
    // A preempted run is reported immediately; nobody would wait for it when it started again on another
    // node.
    ['no-requeue', sbatch.requeue === undefined ? true : undefined],
    // B: signals only the batch shell.
    ['signal', `B:USR1@${warnSeconds}`],
    ...(gpu ? createGpuRequest(forGpu) : []),
  ]);
  for (const [key, value] of Object.entries(sbatch)) {
    rejectUnsupportedOption(key);
    chosen.set(key, value === true ? true : value === false ? undefined : String(value));
  }
  return [...chosen].filter((entry): entry is [string, string | true] => entry[1] !== undefined);
}

/** Returns the value of a directive; undefined where there is none, or one without a value. */
export function findDirective(directives: readonly Directive[], wanted: string): string | undefined {
  const value = directives.find(([name]) => name === wanted)?.[1];
  return value === true ? undefined : value;
}

/** Returns the job's name: the requested one, else that of the script. */
export function getJobName(directives: readonly Directive[]): string {
  return findDirective(directives, 'job-name') ?? 'batch.sh';
}

/** Returns the options of sbatch that a section of the settings sets; an option without a value is undefined. */
function toDirectives<Key extends string>(
  options: readonly { readonly sbatch: string; readonly key: Key }[],
  settings: Readonly<Partial<Record<Key, string | number | undefined>>>,
): [name: string, value: string | undefined][] {
  return options.map(({ sbatch, key }) => {
    const value = settings[key];
    return [sbatch, value === undefined ? undefined : String(value)];
  });
}

function createGpuRequest({ request, type, count }: CompleteSettings['slurm']['gpu']): Directive[] {
  const amount = type === undefined ? String(count) : `${type}:${count}`;
  if (request !== 'none') {
    return [request === 'gres' ? ['gres', `gpu:${amount}`] : [request, amount]];
  }
  if (amount !== '1') {
    throw new UsageError(
      `this site accepts no request for GPUs (slurm.gpu.request: none), but ${amount} was requested`,
      {
        fix: 'choose a partition whose nodes have them: --partition',
      },
    );
  }
  return [];
}

function omitUndefined<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/**
 * Formats the line of a batch script. sbatch splits such lines into words by its own rules for quotes and
 * backslashes (slurm_opt's get_argument), which differ from those of the shell.
 *
 * @throws {UsageError} when name or value cannot be part of one line.
 */
export function formatDirective([name, value]: Directive): string {
  if (!/^[a-z][a-z0-9-]*$/.test(name)) {
    throw new UsageError(`"${name}" is not the long name of an option of sbatch`, {
      fix: 'write it as in `sbatch --help`, without the leading dashes: exclusive, nice, comment',
    });
  }
  if (value === true) {
    return `#SBATCH --${name}`;
  }
  // eslint-disable-next-line no-control-regex -- control characters are what is refused
  if (/[\0-\x1f\x7f]/.test(value)) {
    throw new UsageError(
      `sbatch option ${name}: a line break or control character cannot be part of a directive`,
      {
        fix: `remove it from ${JSON.stringify(value)}`,
      },
    );
  }
  const isUnquoted = /^[\w@%+=:,./-]*$/.test(value);
  return `#SBATCH --${name}=${isUnquoted ? value : `"${value.replace(/["\\]/g, '\\$&')}"`}`;
}
