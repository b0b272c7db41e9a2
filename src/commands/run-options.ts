import type { Argv } from 'yargs';
import { jobOptions } from '../config/job-options.ts';
import { modelsOption, withProjectOptions } from './common-options.ts';

/** What `render`, `submit` and `run` take alike. */
export function withRunOptions<T>(yargs: Argv<T>) {
  return withProjectOptions(yargs)
    .option('gpu', {
      type: 'boolean',
      default: false,
      describe: 'Ask for a GPU, hand it to the container, insist on it',
    })
    .option('allow-cpu', {
      type: 'boolean',
      default: false,
      describe: 'With --gpu: go on when no GPU is visible',
    })
    .option('id', { type: 'string', describe: 'Name of the run [time and a random suffix]' })
    .option('runtime', {
      choices: ['apptainer', 'singularity', 'docker'] as const,
      describe: "What the server's container is made with; docker: on this machine alone [apptainer]",
    })
    .option('image', {
      type: 'string',
      describe: 'SIF file of the server; with --runtime docker its name in the Docker daemon',
    })
    .option('models', modelsOption)
    .option('model', {
      type: 'string',
      array: true,
      describe: 'Model that is waited for and tested; repeatable',
    })
    .option('ready-timeout', { type: 'number', describe: 'Seconds the model may take to get ready' })
    .option('security', {
      choices: ['mutual-tls', 'none'] as const,
      describe: 'Who may talk to the server: those with certificates of the run, or everybody [mutual-tls]',
    })
    .option('http', { type: 'boolean', describe: "Open Triton's HTTP port too" })
    .option('metrics', { type: 'boolean', describe: "Open Triton's metrics port too" });
}

/** What `render` and `submit` take alike: a job that serves. */
export function withServeOption<T>(yargs: Argv<T>) {
  return yargs.option('serve', {
    type: 'boolean',
    default: false,
    describe: 'Keep the server until the walltime, for others on the network, instead of testing it',
  });
}

type JobFlags = {
  [Option in (typeof jobOptions)[number] as Option['flag']]: {
    readonly type: Option['type'] extends 'count' ? 'number' : 'string';
    readonly describe: string;
  };
};

/** The flags of the table of job options. */
const jobFlags = Object.fromEntries(
  jobOptions.map(({ flag, type, description }) => [
    flag,
    { type: type === 'count' ? 'number' : 'string', describe: description },
  ]),
) as JobFlags;

/** Options that become lines of the batch script. */
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
