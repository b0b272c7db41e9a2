/** One option of a job, from which flag, key, option of sbatch and help are derived. */
interface JobOption {
  /** Name of the flag, without dashes. */
  readonly flag: string;
  /** `job`: the key exists in `slurm`, and in `slurm.gpu` for GPU jobs. `gpu`, `mail`: the key exists in that section. */
  readonly section: 'job' | 'gpu' | 'mail';
  readonly key: string;
  /** Long name of the option of sbatch and srun; undefined for a setting that is combined with others. */
  readonly sbatch: string | undefined;
  readonly type: JobOptionType;
  /**
   * Jobs that request it. `run`: the job of a run. `full-size`: also the jobs of `doctor --node` and `cleanup --node` that
   * request as much as a run. `all`: also the smallest job, with which `cleanup` reaches a node.
   */
  readonly jobs: 'run' | 'full-size' | 'all';
  readonly description: string;
}

/** `count`: a whole number above 0. `time` and `size`: in Slurm's form. */
export type JobOptionType = 'text' | 'count' | 'time' | 'size';

/** Every option of a job that has a flag, in the order of the help and of the batch script. */
// prettier-ignore
export const jobOptions = [
  { flag: 'account', section: 'job', key: 'account', sbatch: 'account', type: 'text', jobs: 'all', description: 'Account to charge' },
  { flag: 'partition', section: 'job', key: 'partition', sbatch: 'partition', type: 'text', jobs: 'all', description: 'Partition; separate several with commas' },
  { flag: 'qos', section: 'job', key: 'qos', sbatch: 'qos', type: 'text', jobs: 'all', description: 'Quality of service' },
  { flag: 'constraint', section: 'job', key: 'constraint', sbatch: 'constraint', type: 'text', jobs: 'all', description: 'Required features of the node, for example a100|h100' },
  { flag: 'reservation', section: 'job', key: 'reservation', sbatch: 'reservation', type: 'text', jobs: 'all', description: 'Reservation to run in' },
  { flag: 'time', section: 'job', key: 'time', sbatch: 'time', type: 'time', jobs: 'run', description: 'Walltime: 30 (minutes), 1:00:00 or 1-12 (days-hours)' },
  { flag: 'cpus', section: 'job', key: 'cpus', sbatch: 'cpus-per-task', type: 'count', jobs: 'full-size', description: 'Number of CPUs for the server and the client' },
  { flag: 'memory', section: 'job', key: 'memory', sbatch: 'mem', type: 'size', jobs: 'full-size', description: 'Memory of the node, for example 4G' },
  { flag: 'comment', section: 'job', key: 'comment', sbatch: 'comment', type: 'text', jobs: 'all', description: 'Comment on the job, which some sites require' },
  { flag: 'gpus', section: 'gpu', key: 'count', sbatch: undefined, type: 'count', jobs: 'full-size', description: 'Number of GPUs that --gpu requests' },
  { flag: 'gpu-type', section: 'gpu', key: 'type', sbatch: undefined, type: 'text', jobs: 'full-size', description: 'GPU type, as the cluster names it' },
  { flag: 'mail-user', section: 'mail', key: 'user', sbatch: 'mail-user', type: 'text', jobs: 'run', description: 'Address for e-mail about the job' },
  { flag: 'mail-type', section: 'mail', key: 'type', sbatch: 'mail-type', type: 'text', jobs: 'run', description: 'Events to send e-mail about, for example END,FAIL' },
] as const satisfies readonly JobOption[];

type AnyJobOption = (typeof jobOptions)[number];

export type JobSection = AnyJobOption['section'];

export type JobOptionIn<Section extends JobSection> = Extract<AnyJobOption, { readonly section: Section }>;

/** Returns the options of one section, in the order of the table. */
export function jobOptionsIn<Section extends JobSection>(section: Section): readonly JobOptionIn<Section>[] {
  return jobOptions.filter((option): option is JobOptionIn<Section> => option.section === section);
}
