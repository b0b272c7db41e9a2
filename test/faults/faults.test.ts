import { afterAll, beforeAll, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Snapshot } from '../leaks/snapshot.ts';
import { createGatProject } from '../support/gat-project.ts';
import { describeInLab } from '../support/lab.ts';
import { expectNothingLeft, snapshotOfLab } from '../support/expect-no-leaks.ts';
import { startFaults } from './run-faults.ts';
import { matrix } from './matrix.ts';
import { type MeasuredRun, type Measurement, measuredFile, pageFile } from './measurement.ts';
import { renderPage } from './page.ts';

/** HPC_GAT_FAULTS is `all` or a list of names; without it, the faults of the short run are injected. */
const wanted = process.env.HPC_GAT_FAULTS ?? 'short';

const chosen = matrix.filter(
  ({ name, inShortRun }) =>
    wanted === 'all' || (wanted === 'short' ? inShortRun === true : wanted.split(',').includes(name)),
);

describeInLab('faults', () => {
  const outcomes = new Map<string, Promise<Measurement>>();
  const measured: Measurement[] = [];
  let before: Snapshot | undefined;

  beforeAll(async () => {
    await createGatProject();
    before = await snapshotOfLab();
    startFaults(chosen).forEach((outcome, name) => outcomes.set(name, outcome));
  }, 300_000);

  // Several faults run at the same time, each on its own node; each test waits for its own.
  test.each(chosen)(
    '$name: $title',
    async ({ name }) => {
      const outcome = await outcomes.get(name);
      if (outcome === undefined) {
        throw new Error(`${name} was not injected`);
      }
      measured.push(outcome);
    },
    600_000,
  );

  afterAll(async () => {
    await Promise.allSettled(outcomes.values());
    if (wanted === 'all' && measured.length === matrix.length) {
      const run: MeasuredRun = {
        schemaVersion: 1,
        date: new Date().toISOString().slice(0, 10),
        cores: availableParallelism(),
        measurements: measured,
      };
      writeFileSync(measuredFile, `${JSON.stringify(run, null, 2)}\n`);
      writeFileSync(pageFile, renderPage(matrix, run));
    }
    if (before !== undefined && !chosen.some(({ restartsNode }) => restartsNode)) {
      await expectNothingLeft(before);
    }
  }, 60_000);
});
