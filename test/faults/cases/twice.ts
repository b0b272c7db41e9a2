import { expect } from '@jest/globals';
import { hpcGat, shell } from '../../support/gat-project.ts';
import { textOf } from '../stage.ts';
import type { Fault } from '../fault.ts';

export const scriptStartedTwice: Fault = {
  name: 'script-started-twice',
  class: 'twice',
  title: 'The script is started a second time',
  reaction:
    'A controller that lost its state, or a requeue, starts a script again: the second start removes what the first one created on the same node, and continues.',
  inShortRun: true,
  harmless: true,
  exitCode: 0,
  reportPattern: /ended: passed/,
  inject: async (stage) => {
    const slow = await stage.slowModels({ load: 3 });
    const first = stage.type(['run', '--models', slow, '--id', stage.run], { node: stage.node });
    await stage.untilStarted();
    const atMs = Date.now();
    const second = stage.execute(['bash', `.hpc-gat/runs/${stage.run}/batch.sh`], { node: stage.node });
    const outcome = await stage.outcome(second, atMs);
    await first.exitCode;
    expect(textOf(first)).toMatch(/ended: terminated/);
    expect((await shell(`ls .hpc-gat/runs/${stage.run}/owned`)).stdout).toBe('');
    return outcome;
  },
};

export const jobRequeued: Fault = {
  name: 'job-requeued',
  class: 'twice',
  title: 'Slurm requeues a job that may be requeued',
  reaction:
    'With `sbatch: { requeue: true }` the script ends in order and the job waits in the queue again; `status` and `submit --wait` do not take its last event for the end of the run. Its second start passes.',
  harmless: true,
  exitCode: 0,
  reportPattern: /ended: passed/,
  inject: async (stage) => {
    const models = await stage.slowModels({ load: 5 });
    const waiting = stage.submit({ models, options: ['--sbatch', 'requeue'] });
    await stage.untilStarted();
    const atMs = Date.now();
    await shell(`scontrol requeue "$(jq -r .jobId .hpc-gat/runs/${stage.run}/job.json)"`);
    await stage.until('ended.json', 'terminated');
    // Slurm delays a requeued job for some minutes by itself.
    await shell(`job=$(jq -r .jobId .hpc-gat/runs/${stage.run}/job.json)
      until squeue --noheader --jobs=$job --format=%T | grep -q PENDING; do sleep 0.2; done`);
    expect((await hpcGat(['status', stage.run])).stdout).toMatch(/ PENDING /);
    await shell(`scontrol update "JobId=$(jq -r .jobId .hpc-gat/runs/${stage.run}/job.json)" StartTime=now`);
    return stage.outcome(waiting, atMs);
  },
};
