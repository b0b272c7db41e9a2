import { jobOptionsIn } from '../config/job-options.ts';
import { gpuOptions } from '../config/schema.ts';
import type { Directive } from './directives.ts';

/** Options that every job needs, for example those for its place and account. */
const general = [...requestedBy('all'), ...['licenses', 'wckey']];

/** Options for the resources of a job on one node. */
const resources = [
  ...requestedBy('full-size'),
  ...['mem-per-cpu', 'mem-per-gpu', 'cpus-per-gpu', 'exclusive', 'tmp'],
  ...[...gpuOptions, 'gpus-per-task', 'gres-flags', 'threads-per-core', 'hint'],
];

/** Returns options for srun with the request of a run's own job: place, account and resources. */
export function createFullRequest(directives: readonly Directive[]): string[] {
  return toOptions(directives, [...general, ...resources]);
}

/** Returns options for srun that request one core and little memory with the place and account of a run's own job. */
export function createSmallRequest(directives: readonly Directive[]): string[] {
  return [...toOptions(directives, general), '--cpus-per-task=1', '--mem=100M'];
}

/** Returns the names of the job options that small jobs request too: all of them, or only full-size ones. */
function requestedBy(jobs: 'all' | 'full-size'): string[] {
  return jobOptionsIn('job').flatMap((option) => (option.jobs === jobs ? [option.sbatch] : []));
}

function toOptions(directives: readonly Directive[], names: readonly string[]): string[] {
  return directives
    .filter(([name]) => names.includes(name))
    .map(([name, value]) => (value === true ? `--${name}` : `--${name}=${value}`));
}
