import { expect } from '@jest/globals';
import { shell } from '../../support/gat-project.ts';
import { textOf } from '../stage.ts';
import type { Fault } from '../fault.ts';

export const scriptStartedTwice: Fault = {
  name: 'script-started-twice',
  class: 'twice',
  title: 'The script is started a second time',
  happens:
    'A controller that lost its state, or a requeue, starts a script again: the second start ends what the first has ' +
    'on the same node, and goes on.',
  inShortRun: true,
  harmless: true,
  exitCode: 0,
  tells: /ended: passed/,
  provoke: async (stage) => {
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
