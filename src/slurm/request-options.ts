import { gpuOptions } from '../config/schema.ts';
import type { Directive } from './directives.ts';

/** Options that sbatch and srun share and that decide where a job may run, and what it may cost. */
const placing = ['account', 'partition', 'qos', 'reservation', 'constraint', 'licenses', 'wckey'];

/** Options that sbatch and srun share for the resources of a job on one node. */
const sizing = [
  ...['cpus-per-task', 'mem', 'mem-per-cpu', 'mem-per-gpu', 'cpus-per-gpu', 'exclusive', 'tmp'],
  ...[...gpuOptions, 'gpus-per-task', 'gres-flags', 'threads-per-core', 'hint'],
];

/** Options for srun that request what a run's own job requested: where it may run, and its resources. */
export function fullRequest(directives: readonly Directive[]): string[] {
  return optionsOf(directives, [...placing, ...sizing]);
}

/** Options for srun that request one core and little memory where a run's own job was allowed to run. */
export function smallRequest(directives: readonly Directive[]): string[] {
  return [...optionsOf(directives, placing), '--cpus-per-task=1', '--mem=100M'];
}

function optionsOf(directives: readonly Directive[], names: readonly string[]): string[] {
  return directives
    .filter(([name]) => names.includes(name))
    .map(([name, value]) => (value === true ? `--${name}` : `--${name}=${value}`));
}
