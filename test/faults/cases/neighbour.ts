import { expect } from '@jest/globals';
import { shell } from '../../support/gat-project.ts';
import type { Fault } from '../fault.ts';

export const twoRunsOnOneNode: Fault = {
  name: 'two-runs-on-one-node',
  class: 'neighbour',
  title: 'Two runs on one node at the same time',
  reaction:
    'Each run has its own ports, instance, shared memory and temporary directory, and removes only its own.',
  inShortRun: true,
  harmless: true,
  exitCode: 0,
  reportPattern: /PASS: infer/,
  inject: async (stage) => {
    const other = `${stage.run}-other`;
    const options = ['--cpus', '1', '--memory', '1500M'];
    const atMs = Date.now();
    const [one, two] = [stage.submit({ options }), stage.submit({ options, run: other })];
    const [outcome, code] = await Promise.all([stage.outcome(one, atMs), two.exitCode]);
    expect(code).toBe(0);
    const hosts = await shell(`jq -r .host .hpc-gat/runs/{${stage.run},${other}}/ended.json`);
    expect(hosts.stdout.trim().split('\n')).toEqual([stage.node, stage.node]);
    return outcome;
  },
};
