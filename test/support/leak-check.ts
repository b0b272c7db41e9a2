import { afterEach, beforeAll, expect } from '@jest/globals';
import { labStatus } from '../../src/lab/status.ts';
import { lookAgain } from '../outside/check.ts';
import { describeLeak } from '../outside/compare.ts';
import { takeSnapshot, type Snapshot } from '../outside/snapshot.ts';
import { testLab } from './test-lab.ts';

/** The look from outside at every node of the lab of the end-to-end tests, to compare with later. */
export async function lookAtLab(): Promise<Snapshot> {
  const { nodes } = await labStatus(await testLab());
  const up = nodes.flatMap(({ name, pid }) => (pid === null ? [] : [[name, pid] as const]));
  return takeSnapshot({ nodes: Object.fromEntries(up) });
}

/** Fails, naming each thing, when something is on a node that was not there before. */
export async function expectNothingLeft(before: Snapshot, withinMs = 5_000): Promise<void> {
  expect((await lookAgain(before, withinMs)).map(describeLeak)).toEqual([]);
}

/** Within a group of tests: what `prepare` makes may stay, and each test has to leave the nodes as they were then. */
export function leavesNothing(prepare: () => Promise<void>, prepareMs = 300_000): void {
  let before: Snapshot | undefined;
  beforeAll(async () => {
    await prepare();
    before = await lookAtLab();
  }, prepareMs);
  afterEach(async () => {
    if (before !== undefined) {
      await expectNothingLeft(before);
    }
  });
}
