import { beforeEach, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { main } from '../../../src/main.ts';
import { testContext } from '../../support/context.ts';
import { fakePrograms } from '../../support/fake-program.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { endRecord, sampleRecord } from './sample-record.ts';

let root = '';

beforeEach(async () => {
  root = temporaryDirectory();
  await endRecord(await sampleRecord(root, 'a', '7'), 'terminated', 143);
  await endRecord(await sampleRecord(root, 'b', '8'), 'terminated', 143);
  await endRecord(await sampleRecord(root, 'c', '9'));
});

async function status(sacct: string, ...argv: string[]) {
  const PATH = fakePrograms({
    sacct: `echo "$*" >>${root}/asked; ${sacct}`,
    squeue: 'exit 1',
    scontrol: 'exit 1',
  });
  const context = testContext({ cwd: root, env: { PATH } });
  const exitCode = await main(['status', ...argv], context);
  return { exitCode, results: context.results };
}

const report = (by: number) => `echo "7|CANCELLED by ${by}|None|n1|0:15|5"; echo "8|PREEMPTED|None|n1|0:0|5"`;

test('status names who canceled a job, and asks accounting once for all runs', async () => {
  expect(await status(report(54_321))).toEqual({
    exitCode: 0,
    results: [
      expect.stringMatching(/^RUN/),
      expect.stringMatching(/^c .* passed .* exit 0/),
      expect.stringMatching(/^b .* terminated \(the job was preempted\) .* exit 4/),
      expect.stringMatching(/^a .* terminated \(the job was canceled by the user with id 54321\) .* exit 4/),
    ],
  });
  const asked = readFileSync(path.join(root, 'asked'), 'utf8').trim().split('\n');
  expect(asked).toEqual([expect.stringMatching(/--jobs=8,7 /)]);
});

test('status of one run has the same in its JSON', async () => {
  const { results } = await status(report(54_321), 'a', '--json');
  expect(results).toEqual([
    [expect.objectContaining({ state: 'terminated', reason: expect.stringMatching(/54321$/), exitCode: 4 })],
  ]);
});

test.each([
  ['this user canceled the job', report(process.getuid?.() ?? 0)],
  ['there is no accounting', 'exit 1'],
])('status shows what the script reported where %s', async (_, sacct) => {
  expect((await status(sacct, 'a')).results).toEqual([
    expect.stringMatching(/^RUN/),
    expect.stringMatching(/^a .* terminated {2}.* exit 143/),
  ]);
});
