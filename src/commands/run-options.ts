import type { Argv } from 'yargs';
import { jobOptions } from '../config/job-options.ts';
import { modelsOption, withProjectOptions } from './common-options.ts';

/** Adds the options that `render`, `submit` and `run` have. */
export function withRunOptions<T>(yargs: Argv<T>) {
  return withProjectOptions(yargs)
    .option('gpu', {
      type: 'boolean',
      default: false,
      describe: 'Request a GPU, pass it to the container, fail if none is visible',
    })
    .option('allow-cpu', {
      type: 'boolean',
      default: false,
      describe: 'Continue without a visible GPU (with --gpu)',
    })
    .option('id', { type: 'string', describe: 'Name of the run [time and a random suffix]' })
    .option('runtime', {
      choices: ['apptainer', 'singularity', 'docker'] as const,
      requiresArg: true,
      describe: 'Container runtime; docker runs only on this machine [apptainer]',
    })
    .option('image', {
      type: 'string',
      describe: 'SIF of the server, or its Docker image with --runtime docker',
    })
    .option('models', modelsOption)
    .option('model', {
      type: 'string',
      array: true,
      describe: 'Model to wait for and test; repeatable',
    })
    .option('ready-timeout', { type: 'number', describe: 'Seconds until the model must be ready' })
    .option('security', {
      choices: ['mutual-tls', 'none'] as const,
      requiresArg: true,
      describe: 'Server access: clients with the certificates of the run, or anyone',
    })
    .option('http', { type: 'boolean', describe: 'Enable the HTTP port' })
    .option('metrics', { type: 'boolean', describe: 'Enable the metrics port' });
}

/** Adds the option of `render` and `submit` for a job that serves. */
export function withServeOption<T>(yargs: Argv<T>) {
  return yargs.option('serve', {
    type: 'boolean',
    default: false,
    describe: 'Serve until the walltime ends instead of testing',
  });
}

type JobFlags = {
  [Option in (typeof jobOptions)[number] as Option['flag']]: {
    readonly type: Option['type'] extends 'count' ? 'number' : 'string';
    readonly requiresArg: true;
    readonly describe: string;
  };
};

/** Flags of the table of job options. */
const jobFlags = Object.fromEntries(
  jobOptions.map(({ flag, type, description }) => [
    flag,
    { type: type === 'count' ? 'number' : 'string', requiresArg: true, describe: description },
  ]),
) as JobFlags;

/** Adds the options that become lines of the batch script. */
export function withJobOptions<T>(yargs: Argv<T>) {
  return yargs
    .options(jobFlags)
    .option('sbatch', {
      type: 'string',
      array: true,
      describe: 'Another option of sbatch, as KEY or KEY=VALUE; repeatable',
    })
    .group([...Object.keys(jobFlags), 'sbatch'], 'Job:');
}

type Parsed<Wrap extends (yargs: Argv) => Argv<unknown>> = Awaited<ReturnType<Wrap>['argv']>;

export type RunArguments = Parsed<typeof withRunOptions> & { readonly hours?: number | undefined };
export type JobArguments = Parsed<typeof withJobOptions>;
