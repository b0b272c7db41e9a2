import { expect } from '@jest/globals';
import { getLabStatus } from '../../src/lab/lab-status.ts';
import { checkAgain } from '../leaks/check.ts';
import type { Leak } from '../leaks/compare.ts';
import { kinds, type Snapshot, takeSnapshot } from '../leaks/snapshot.ts';
import { hpcGat } from '../support/gat-project.ts';
import { testLab } from '../support/test-lab.ts';
import type { Fault, FaultOutcome } from './fault.ts';
import type { Measurement } from './measurement.ts';
import { Stage, textOf } from './stage.ts';

/** Time limit for the last processes of a container or job to end. */
const settleMs = 5_000;

/**
 * Injects a fault on a node, and cleans up after it.
 *
 * @throws when the user is not notified, or something is left after `hpc-gat cleanup`.
 */
export async function measure(fault: Fault, node: string): Promise<Measurement> {
  const stage = new Stage(node, fault.name);
  try {
    return await measureOn(stage, fault);
  } finally {
    await stage.clear();
  }
}

async function measureOn(stage: Stage, fault: Fault): Promise<Measurement> {
  const before = await snapshotOf(stage.node);
  // A restarted node has none of its earlier processes; only files named after the run are left there.
  const whatIsLeft = async () =>
    fault.restartsNode === true
      ? everythingIn(await snapshotOf(stage.node)).filter(({ what }) => what.includes(stage.run))
      : ownLeaks(await checkAgain(before, settleMs), stage);
  const cleanUp = () => hpcGat(stage.cleanup.args, stage.cleanup);
  let outcome, report, left, cleaned;
  try {
    outcome = await fault.inject(stage);
    report = findReport(fault, outcome);
    left = await whatIsLeft();
  } finally {
    // A fault that failed unexpectedly leaves nothing for the next one either.
    cleaned = await cleanUp();
  }
  expect(cleaned).toMatchObject({ exitCode: 0 });
  expect(await whatIsLeft()).toEqual([]);
  expect((await cleanUp()).stdout.trim()).toBe('nothing to clean up');
  return {
    fault: fault.name,
    exitCode: fault.exitCode,
    report: report.text.trim(),
    seconds: Math.round((report.atMs - outcome.atMs) / 100) / 10,
    left: [...new Set(left.map(({ kind }) => kind))].sort(),
    cleanup: cleaned.stdout.trim().split('\n'),
  };
}

function findReport({ name, reportPattern, exitCode }: Fault, outcome: FaultOutcome) {
  const output = textOf(outcome);
  expect({ name, exitCode: outcome.exitCode, output }).toEqual({
    name,
    exitCode,
    output: expect.stringMatching(reportPattern),
  });
  const line = outcome.lines.find(({ text }) => reportPattern.test(text));
  if (line === undefined) {
    throw new Error(`${name}: no single line reports it: ${output}`);
  }
  return line;
}

/**
 * Filters out files of concurrent faults, which are visible in shared directories: the names of own leaks contain this
 * node or run.
 */
function ownLeaks(leaks: readonly Leak[], { node, run, cleanup }: Stage): Leak[] {
  const shared = new Set<string>(['instanceRecords', 'halfMadeFiles']);
  return leaks.filter(
    ({ kind, what }) =>
      !what.startsWith(`${cleanup.cwd} `) &&
      (!shared.has(kind) || what.includes(`/${node}/`) || what.includes(run)),
  );
}

async function snapshotOf(node: string): Promise<Snapshot> {
  const { nodes } = await getLabStatus(await testLab());
  const pid = nodes.find(({ name }) => name === node)?.pid;
  if (pid === undefined || pid === null) {
    throw new Error(`node ${node} is down`);
  }
  return takeSnapshot({ nodes: { [node]: pid } });
}

function everythingIn({ nodes }: Snapshot): Leak[] {
  return Object.entries(nodes).flatMap(([node, seen]) =>
    kinds.flatMap((kind) => seen[kind].map((what) => ({ node, kind, what }))),
  );
}
