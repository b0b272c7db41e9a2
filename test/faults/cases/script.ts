import { expect } from '@jest/globals';
import { hpcGat } from '../../support/gat-project.ts';
import type { Fault } from '../fault.ts';

export const batchShellKilled: Fault = {
  name: 'batch-shell-killed',
  class: 'script',
  title: 'The shell of a job is killed',
  reaction:
    'Its traps do not run; Slurm reports the end of the job. Where Slurm tracks processes by their ids, server and instance continue to run: `status` shows on which node, and `cleanup` removes them there in a small job.',
  inShortRun: true,
  exitCode: 1,
  reportPattern: /before its script could report why/,
  inject: async (stage) => {
    const waiting = stage.submit({ models: await stage.slowModels({ load: 5 }) });
    await stage.untilStarted();
    const outcome = await stage.outcome(waiting, await stage.killScript());
    expect((await hpcGat(['status', stage.run])).stdout).toContain(`left resources on ${stage.node}`);
    return outcome;
  },
};

export const localScriptKilled: Fault = {
  name: 'local-script-killed',
  class: 'script',
  title: 'The script of `hpc-gat run` is killed',
  reaction: '`run` reports that the script failed unexpectedly; `cleanup` on that node removes what is left.',
  exitCode: 1,
  reportPattern: /the script failed unexpectedly/,
  inject: async (stage) => {
    const slow = await stage.slowModels({ load: 5 });
    const running = stage.type(['run', '--models', slow, '--id', stage.run], { node: stage.node });
    await stage.untilStarted();
    const outcome = await stage.outcome(running, await stage.killScript());
    const planned = await hpcGat(['cleanup', '--dry-run', stage.run], { node: stage.node });
    expect(planned.stdout).toContain(
      `would: ${stage.run}: end and remove the remaining resources on ${stage.node}`,
    );
    expect((await hpcGat(['status', stage.run], { node: stage.node })).stdout).toMatch(
      / local +LOST .* left resources on /,
    );
    return outcome;
  },
};
