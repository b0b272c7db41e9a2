import { restartNode } from '../../../src/lab/faults.ts';
import { killNode } from '../../../src/lab/nodes.ts';
import { expect } from '@jest/globals';
import { hpcGat } from '../../support/gat-project.ts';
import { testLab } from '../../support/test-lab.ts';
import type { Fault } from '../fault.ts';

export const powerCut: Fault = {
  name: 'power-cut',
  class: 'node',
  title: 'A node loses power',
  reaction:
    'Slurm detects the dead node after its SlurmdTimeout (10 s here, usually 300 s) and sets the job to NODE_FAIL. While the node is down, `cleanup` reports that something may be left there, and on which node; afterwards it removes what is recorded.',
  inShortRun: true,
  restartsNode: true,
  exitCode: 4,
  reportPattern: /the node failed/,
  inject: async (stage) => {
    const lab = await testLab();
    const waiting = stage.submit({ models: await stage.slowModels({ load: 5 }) });
    await stage.untilStarted();
    await killNode(lab, stage.node);
    try {
      const outcome = await stage.outcome(waiting, Date.now());
      const early = await hpcGat(['cleanup', stage.run]);
      expect(early).toMatchObject({ exitCode: 4, stderr: expect.stringContaining(stage.node) });
      return outcome;
    } finally {
      await restartNode(lab, stage.node);
    }
  },
};

export const powerCutWhileServing: Fault = {
  name: 'node-lost-while-serving',
  class: 'node',
  title: 'A node loses power while its server serves others',
  reaction:
    'Until Slurm detects that the node is dead, `endpoints` lists the server and `test` reports that it does not answer; then `status --watch` shows the job as NODE_FAIL.',
  restartsNode: true,
  exitCode: 0,
  reportPattern: / NODE_FAIL /,
  inject: async (stage) => {
    const lab = await testLab();
    await stage.serve();
    const watching = stage.type(['status', stage.run, '--watch', '--interval', '2']);
    await killNode(lab, stage.node);
    const atMs = Date.now();
    try {
      const asked = await hpcGat(['test', stage.run, '--ready-timeout', '2']);
      expect(asked).toMatchObject({ exitCode: 5, stderr: expect.stringMatching(/was not ready within 2 s/) });
      return await stage.outcome(watching, atMs);
    } finally {
      await restartNode(lab, stage.node);
    }
  },
};
