import { afterEach, beforeAll, expect } from '@jest/globals';
import { getLabStatus } from '../../src/lab/lab-status.ts';
import { checkAgain } from '../leaks/check.ts';
import { describeLeak } from '../leaks/compare.ts';
import { takeSnapshot, type Snapshot } from '../leaks/snapshot.ts';
import { testLab } from './test-lab.ts';

/** Takes a snapshot of every node of the end-to-end lab, for a later comparison. */
export async function snapshotOfLab(): Promise<Snapshot> {
  const { nodes } = await getLabStatus(await testLab());
  const up = nodes.flatMap(({ name, pid }) => (pid === null ? [] : [[name, pid] as const]));
  return takeSnapshot({ nodes: Object.fromEntries(up) });
}

/** Fails with the list of new objects on any node. */
export async function expectNothingLeft(before: Snapshot, withinMs = 5_000): Promise<void> {
  expect((await checkAgain(before, withinMs)).map(describeLeak)).toEqual([]);
}

/** Checks each test of a group for leaks, relative to the state after `prepare`. */
export function checkLeaksAfterEach(prepare: () => Promise<void>, prepareMs = 300_000): void {
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
