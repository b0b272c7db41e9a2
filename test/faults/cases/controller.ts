import { expect } from '@jest/globals';
import { setController } from '../../../src/lab/faults.ts';
import { listComputeNodes, waitUntilReady } from '../../../src/lab/ready.ts';
import { hpcGat, shell } from '../../support/gat-project.ts';
import { testLab } from '../../support/test-lab.ts';
import type { Fault } from '../fault.ts';

/** Runs a function while Slurm's controller is stopped. */
async function withoutController<T>(action: () => Promise<T>): Promise<T> {
  const lab = await testLab();
  await setController(lab, 'stop');
  try {
    return await action();
  } finally {
    await setController(lab, 'start');
    await waitUntilReady(lab, listComputeNodes(lab), { docker: false, timeoutMs: 60_000 });
  }
}

export const controllerAwayDuringSubmit: Fault = {
  name: 'controller-away-during-submit',
  class: 'controller',
  title: "Slurm's controller is down when a job is submitted",
  reaction: '`submit` reports the reason of sbatch, and leaves no run behind.',
  inShortRun: true,
  alone: true,
  exitCode: 4,
  reportPattern: /sbatch refused the job: .*(contact|connect|timed? ?out)/i,
  inject: (stage) =>
    withoutController(async () => {
      // No run is created that could be named.
      stage.cleanup = { ...stage.cleanup, args: ['cleanup'] };
      const outcome = await stage.outcome(stage.submit(), Date.now());
      expect((await shell(`ls -A .hpc-gat/runs/${stage.run}`)).exitCode).not.toBe(0);
      return outcome;
    }),
};

export const controllerAwayWhileWaiting: Fault = {
  name: 'controller-away-while-waiting',
  class: 'controller',
  title: "Slurm's controller is down while a job runs",
  reaction: '`submit --wait` reports it, continues to wait, and takes the outcome from the run directory.',
  alone: true,
  exitCode: 0,
  reportPattern: /Slurm does not answer, still waiting/,
  inject: async (stage) => {
    const long = await stage.slowModels({ answer: 1, requests: 40 });
    const waiting = stage.submit({ models: long });
    await stage.untilStarted();
    return withoutController(() => stage.outcome(waiting, Date.now()));
  },
};

export const controllerAwayDuringCleanup: Fault = {
  name: 'controller-away-during-cleanup',
  class: 'controller',
  title: "Slurm's controller is down when a run is cleaned up",
  reaction:
    '`cleanup` reports that Slurm does not answer, and changes nothing; a later call cleans up the run.',
  alone: true,
  exitCode: 4,
  reportPattern: /squeue cannot list job/,
  inject: async (stage) => {
    const slow = await stage.slowModels({ load: 5 });
    const submitted = await hpcGat(['submit', '--id', stage.run, '--models', slow, ...stage.onNode]);
    expect(submitted.exitCode).toBe(0);
    await stage.untilStarted();
    await stage.killScript();
    return withoutController(() => stage.outcome(stage.type(['cleanup', stage.run]), Date.now()));
  },
};
