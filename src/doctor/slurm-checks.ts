import { askController } from '../slurm/controller.ts';
import { describePartitions } from '../slurm/describe-partitions.ts';
import { findProgram } from '../support/find-program.ts';
import { nearest } from '../support/nearest.ts';
import { type Check, error, note, ok } from './check.ts';

const programs = ['sbatch', 'squeue', 'scancel', 'scontrol', 'sinfo', 'srun'];

export const slurmChecks: readonly Check[] = [
  {
    name: 'slurm',
    examine: async ({ context }) => {
      const missing = programs.filter((program) => findProgram(program, context.env) === undefined);
      if (missing.length === programs.length) {
        return note('not on this host: `hpc-gat run` works, `submit` does not');
      }
      if (missing.length > 0) {
        return error(`missing: ${missing.join(', ')}`, 'load the module of Slurm, or ask the administrators');
      }
      const controller = await askController(context);
      switch (controller.state) {
        case 'answers':
          return ok('the controller answers');
        case 'none':
          return note(
            'its programs are here, and no cluster is configured for them: `hpc-gat run` works, `submit` does not',
          );
        case 'silent':
          return error(controller.failure.message, 'try again later, or ask the administrators');
      }
    },
  },
  {
    name: 'partitions',
    examine: async ({ context, settings }) => {
      const isHere = ['sinfo', 'scontrol'].every(
        (program) => findProgram(program, context.env) !== undefined,
      );
      if (!isHere || (await askController(context)).state === 'none') {
        return note('not asked: no Slurm here');
      }
      const known = (await describePartitions(context)).map(({ name }) => name);
      const wanted = [settings.slurm.partition, settings.slurm.gpu.partition].filter(
        (name) => name !== undefined,
      );
      const findings = [...new Set(wanted)].flatMap((list) =>
        list
          .split(',')
          .filter((name) => !known.includes(name))
          .map((name) => {
            const meant = nearest(name, known);
            return error(
              `"${name}" is not here`,
              `${meant === undefined ? '' : `did you mean "${meant}"? `}partitions here: ${known.join(', ')}`,
            );
          }),
      );
      return findings.length > 0 ? findings : ok(`here: ${known.join(', ')}`);
    },
  },
  {
    name: 'environment',
    examine: ({ context }) => {
      const names = Object.keys(context.env);
      const slurm = names.filter((name) => /^(SBATCH|SLURM)_/.test(name) && name !== 'SLURM_CONF');
      const proxies = names.filter((name) => /^(https?|all)_proxy$/i.test(name));
      return Promise.resolve([
        ...(slurm.length > 0 ? [note(`${slurm.slice(0, 5).join(', ')}: not handed to sbatch`)] : []),
        ...(proxies.length > 0 ? [note(`${proxies.join(', ')}: not used between client and server`)] : []),
        ...(slurm.length + proxies.length === 0 ? [ok('nothing in it that would change a job')] : []),
      ]);
    },
  },
];
