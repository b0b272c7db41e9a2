import { afterEach, beforeAll, expect } from '@jest/globals';
import { labStatus } from '../../src/lab/lab-status.ts';
import { lookAgain } from '../leaks/check.ts';
import { describeLeak } from '../leaks/compare.ts';
import { takeSnapshot, type Snapshot } from '../leaks/snapshot.ts';
import { testLab } from './test-lab.ts';

/** Takes a snapshot of every node of the lab of the end-to-end tests, to compare with later. */
export async function snapshotOfLab(): Promise<Snapshot> {
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
    before = await snapshotOfLab();
  }, prepareMs);
  afterEach(async () => {
    if (before !== undefined) {
      await expectNothingLeft(before);
    }
  });
}
