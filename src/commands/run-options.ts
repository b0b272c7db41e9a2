import type { Argv } from 'yargs';

/** Which project a verb works on. */
export function withProjectOptions<T>(yargs: Argv<T>) {
  return yargs
    .option('config', {
      type: 'string',
      describe: 'Configuration file [the nearest hpc-gat.yaml at or above this directory]',
    })
    .option('site', { type: 'string', describe: "Site profile: a name, or a path to a file of one's own" });
}

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
    .option('models', { type: 'string', describe: 'Model repository' })
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

/** What becomes a line of the batch script. */
export function withJobOptions<T>(yargs: Argv<T>) {
  return yargs
    .option('partition', { type: 'string', describe: 'Partition; several with commas' })
    .option('account', { type: 'string', describe: 'Account that the job is charged to' })
    .option('qos', { type: 'string', describe: 'Quality of service' })
    .option('constraint', { type: 'string', describe: 'Features that the node must have: a100|h100' })
    .option('reservation', { type: 'string', describe: 'Reservation to run in' })
    .option('time', { type: 'string', describe: "Walltime, in Slurm's form: 30, 1:00:00, 1-12" })
    .option('cpus', { type: 'number', describe: 'CPUs for server and client' })
    .option('memory', { type: 'string', describe: "In Slurm's form: 4G" })
    .option('gpus', { type: 'number', describe: 'How many GPUs --gpu asks for' })
    .option('gpu-type', { type: 'string', describe: "The cluster's name of the GPU" })
    .option('mail-user', { type: 'string', describe: 'Address for mail about the job' })
    .option('mail-type', { type: 'string', describe: 'What mail is about: END,FAIL' })
    .option('sbatch', {
      type: 'string',
      array: true,
      describe: 'KEY=VALUE: any other option of sbatch; repeatable',
    })
    .group(
      [
        'partition',
        'account',
        'qos',
        'constraint',
        'reservation',
        'time',
        'cpus',
        'memory',
        'gpus',
        'gpu-type',
        'mail-user',
        'mail-type',
        'sbatch',
      ],
      'Job:',
    );
}

type Parsed<Wrap extends (yargs: Argv) => Argv<unknown>> = Awaited<ReturnType<Wrap>['argv']>;

export type RunArguments = Parsed<typeof withRunOptions> & { readonly hours?: number | undefined };
export type JobArguments = Parsed<typeof withJobOptions>;
