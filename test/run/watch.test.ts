import { beforeEach, expect, test } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { main } from '../../src/main.ts';
import { listRuns, type RunDirectory } from '../../src/run/record/run-directory.ts';
import { watchRuns } from '../../src/run/watch.ts';
import { InterruptedError } from '../../src/support/errors.ts';
import { testContext } from '../support/context.ts';
import { fakePrograms } from '../support/fake-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { endRecord, sampleRecord } from './record/sample-record.ts';

let root = '';
let queue = '';
let calls = '';
let PATH = '';

beforeEach(() => {
  root = temporaryDirectory();
  queue = path.join(root, 'queue');
  calls = path.join(root, 'calls');
  PATH = fakePrograms({
    squeue: `echo "squeue $*" >>'${calls}'; . '${queue}'`,
    sacct: `echo "sacct $*" >>'${calls}'; exit 1`,
    scontrol: `echo scontrol >>'${calls}'; exit 1`,
  });
});

/** Creates a clock that does not wait: each sleep runs one of the `steps` instead. */
function clockWith(steps: readonly (() => Promise<void>)[]) {
  const left = [...steps];
  const slept: number[] = [];
  const clock = {
    now: () => new Date(),
    sleep: async (ms: number, signal?: AbortSignal) => {
      slept.push(ms);
      await (left.shift() ?? (() => Promise.reject(new Error('watched on although all was over'))))();
      signal?.throwIfAborted();
    },
  };
  return { clock, slept };
}

function answer(...lines: string[]): Promise<void> {
  return writeFile(queue, lines.map((line) => `echo '${line}'`).join('\n'));
}

const options = (intervalMs = 5_000) => ({ list: () => listRuns(root), hostname: 'login', intervalMs });

test('prints changed lines, and ends when no run is pending or running', async () => {
  const first = await sampleRecord(root, 'a', '1');
  await sampleRecord(root, 'b', '2');
  await answer('1|PENDING|Priority||', '2|RUNNING|None|gpu1|');
  const { clock, slept } = clockWith([
    () => Promise.resolve(),
    () => answer('1|RUNNING|None|a-node-with-a-long-name|', '2|CANCELLED|None|gpu1|'),
    () => endRecord(first),
  ]);
  const context = testContext({ env: { PATH }, clock });
  await watchRuns(context, options());
  expect(context.results.map((line) => String(line).replace(/ +/g, ' '))).toEqual([
    'RUN JOB STATE NODE MODEL',
    'b 2 RUNNING gpu1 not ready',
    'a 1 PENDING (Priority) - not ready',
    'b 2 CANCELLED gpu1 -',
    'a 1 RUNNING a-node-with-a-long-name not ready',
    'a 1 passed gpu1 exit 0',
  ]);
  expect(slept).toEqual([5_000, 5_000, 5_000]);
});

test('queries all jobs of Slurm at once, without those that are over', async () => {
  const records: RunDirectory[] = [];
  for (const id of ['1', '2', '3']) {
    records.push(await sampleRecord(root, `run-${id}`, id));
  }
  await answer('1|RUNNING|None|gpu1|', '2|FAILED|None|gpu1|', '3|RUNNING|None|gpu1|');
  const { clock } = clockWith([
    () => Promise.resolve(),
    async () => {
      await Promise.all(records.map((record) => endRecord(record)));
    },
  ]);
  await watchRuns(testContext({ env: { PATH }, clock }), options());
  const lines = (await readFile(calls, 'utf8')).trim().split('\n');
  expect(lines.filter((line) => line.startsWith('squeue'))).toEqual([
    expect.stringContaining('--jobs=3,2,1 '),
    expect.stringContaining('--jobs=3,1 '),
  ]);
  expect(lines.filter((line) => !line.startsWith('squeue'))).toEqual([
    expect.stringMatching(/^sacct .*--jobs=2 /),
    'scontrol',
  ]);
});

test('redraws the table on a terminal', async () => {
  const record = await sampleRecord(root, 'a', '1');
  await answer('1|RUNNING|None|gpu1|');
  const { clock } = clockWith([() => endRecord(record)]);
  const drawn: (readonly string[])[] = [];
  const base = testContext({ env: { PATH }, clock });
  const context = {
    ...base,
    output: { ...base.output, redraw: (lines: readonly string[]) => void drawn.push(lines) },
  };
  await watchRuns(context, options());
  expect(drawn.map((lines) => lines[1])).toEqual([
    expect.stringMatching(/RUNNING/),
    expect.stringMatching(/passed .* exit 0/),
  ]);
  expect(base.results).toEqual([]);
});

test('waits for a controller that stops answering, but fails for one that never answered', async () => {
  const record = await sampleRecord(root, 'a', '1');
  await answer('1|RUNNING|None|gpu1|');
  const { clock } = clockWith([
    () => writeFile(queue, 'echo "squeue: error: Unable to contact slurm controller" >&2; exit 1'),
    () => endRecord(record),
  ]);
  const context = testContext({ env: { PATH }, clock });
  await watchRuns(context, options());
  expect(context.results).toContainEqual(
    'Slurm does not answer, still watching: squeue cannot list job 1: Unable to contact slurm controller',
  );
  await sampleRecord(root, 'b', '2');
  await writeFile(queue, 'exit 1');
  await expect(watchRuns(context, options())).rejects.toMatchObject({ exitCode: 4 });
});

test('ends at once with 130 on Ctrl-C', async () => {
  await sampleRecord(root, 'a', '1');
  await answer('1|RUNNING|None|gpu1|');
  const interruption = new AbortController();
  const context = testContext({ env: { PATH }, cwd: root, signal: interruption.signal });
  const watching = main(['status', '--watch'], context);
  while (context.results.length < 2) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const beganMs = Date.now();
  interruption.abort(new InterruptedError('SIGINT'));
  expect(await watching).toBe(130);
  expect(Date.now() - beganMs).toBeLessThan(1_000);
});

test.each([
  [['--watch', '--interval', '1'], /--interval 1 is below 2 seconds/],
  [['--watch', '--json'], /cannot be given together/],
])('rejects status %j', async (flags, message) => {
  const context = testContext({ cwd: root });
  expect(await main(['status', ...flags], context)).toBe(2);
  expect(context.messages.join('\n')).toMatch(message);
});

test('reports that there is no run, and ends', async () => {
  const context = testContext({ cwd: root });
  expect(await main(['status', '--watch'], context)).toBe(0);
  expect(context.results).toEqual(['no run yet']);
});
