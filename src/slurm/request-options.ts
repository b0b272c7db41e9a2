import { gpuOptions } from '../config/schema.ts';
import type { Directive } from './directives.ts';

/** Options of sbatch and srun for the place and the account of a job. */
const placing = ['account', 'partition', 'qos', 'reservation', 'constraint', 'licenses', 'wckey'];

/** Options of sbatch and srun for the resources of a job on one node. */
const sizing = [
  ...['cpus-per-task', 'mem', 'mem-per-cpu', 'mem-per-gpu', 'cpus-per-gpu', 'exclusive', 'tmp'],
  ...[...gpuOptions, 'gpus-per-task', 'gres-flags', 'threads-per-core', 'hint'],
];

/** Returns options for srun with the request of a run's own job: place, account and resources. */
export function createFullRequest(directives: readonly Directive[]): string[] {
  return toOptions(directives, [...placing, ...sizing]);
}

/** Returns options for srun that request one core and little memory with the place and account of a run's own job. */
export function createSmallRequest(directives: readonly Directive[]): string[] {
  return [...toOptions(directives, placing), '--cpus-per-task=1', '--mem=100M'];
}

function toOptions(directives: readonly Directive[], names: readonly string[]): string[] {
  return directives
    .filter(([name]) => names.includes(name))
    .map(([name, value]) => (value === true ? `--${name}` : `--${name}=${value}`));
}
