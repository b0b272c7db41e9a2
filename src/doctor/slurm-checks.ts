import { isSlurmVariable } from '../slurm/run-slurm.ts';
import { isRuntimeOption } from '../apptainer/container-runtime.ts';
import { queryController } from '../slurm/controller.ts';
import { findProgram } from '../support/processes/find-program.ts';
import { type Check, error, note, ok } from './check.ts';
import { nameChecks } from './slurm-names.ts';

const programs = ['sbatch', 'squeue', 'scancel', 'scontrol', 'sinfo', 'srun'];

export const slurmChecks: readonly Check[] = [
  {
    name: 'slurm',
    run: async ({ context }) => {
      const missing = programs.filter((program) => findProgram(program, context.env) === undefined);
      if (missing.length === programs.length) {
        return note('not on this host: `hpc-gat run` works, `submit` does not');
      }
      if (missing.length > 0) {
        return error(`missing: ${missing.join(', ')}`, 'load the module of Slurm, or ask the administrators');
      }
      const controller = await queryController(context);
      switch (controller.state) {
        case 'answers':
          return ok('the controller answers');
        case 'none':
          return note(
            'its programs are installed, but no cluster is configured for them: `hpc-gat run` works, `submit` does not',
          );
        case 'silent':
          return error(controller.failure.message, 'try again later, or ask the administrators');
      }
    },
  },
  ...nameChecks,
  {
    name: 'environment',
    run: ({ context }) => {
      const names = Object.keys(context.env);
      const slurm = names.filter(isSlurmVariable);
      const proxies = names.filter((name) => /^(https?|all)_proxy$/i.test(name));
      const runtime = names.filter(isRuntimeOption);
      return Promise.resolve([
        ...(slurm.length > 0
          ? [note(`${slurm.slice(0, 5).join(', ')}: not passed to Slurm's programs`)]
          : []),
        ...(proxies.length > 0 ? [note(`${proxies.join(', ')}: not used between client and server`)] : []),
        ...(runtime.length > 0
          ? [
              note(
                `${runtime.join(', ')}: options of the container runtime, which a run takes from setup and the modules that setup loads, not from the shell`,
              ),
            ]
          : []),
        ...(slurm.length + proxies.length + runtime.length === 0 ? [ok('no variable changes a job')] : []),
      ]);
    },
  },
];
