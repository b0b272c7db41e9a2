import { shell } from '../../support/gat-project.ts';
import type { Fault } from '../fault.ts';

export const walltime: Fault = {
  name: 'walltime',
  class: 'walltime',
  title: 'The walltime is reached',
  reaction:
    'Slurm warns the script before the limit (`--signal`); the script stops everything in order and reports it.',
  inShortRun: true,
  exitCode: 5,
  reportPattern: /the walltime was reached/,
  inject: async (stage) => {
    const endless = await stage.slowModels({ answer: 1, requests: 1000 });
    const waiting = stage.submit({ models: endless, options: ['--time', '1'] });
    // Slurm may send the signal up to a minute early: with this walltime at once, before the server has started.
    await stage.until('events.jsonl', 'started');
    const { stdout } = await shell(
      `date +%s --date="$(squeue --noheader --states=all --name=hpc-gat-${stage.run} --format=%e)"`,
    );
    return stage.outcome(waiting, Number(stdout) * 1_000);
  },
};
