import { beforeEach, expect, test } from '@jest/globals';
import { appendFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { main } from '../../src/main.ts';
import type { RunDirectory } from '../../src/run/record/run-directory.ts';
import { InterruptedError } from '../../src/support/errors.ts';
import { type TestContext, testContext } from '../support/context.ts';
import { fakePrograms } from '../support/fake-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { endRecord, sampleRecord } from './record/sample-record.ts';

let root = '';
let record: RunDirectory;
let state = '';
let PATH = '';

beforeEach(async () => {
  root = temporaryDirectory();
  record = await sampleRecord(root, 'a', '1');
  state = path.join(root, 'state');
  await writeFile(state, 'RUNNING');
  PATH = fakePrograms({
    squeue: `echo "1|$(cat '${state}')|None|gpu1|"`,
    sacct: 'exit 1',
    scontrol: 'exit 1',
  });
});

async function saw(context: TestContext, line: string): Promise<void> {
  while (!context.results.includes(line)) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('--follow prints new lines until the outcome of the run is recorded', async () => {
  await writeFile(record.file('server.log'), 'one\ntwo\nthree\n');
  const context = testContext({ env: { PATH }, cwd: root });
  const following = main(['logs', '-f', '--lines', '2'], context);
  await saw(context, 'server | three');
  await appendFile(record.file('client.log'), 'PASS');
  await appendFile(record.file('server.log'), 'four\n');
  await saw(context, 'server | four');
  await endRecord(record);
  expect(await following).toBe(0);
  expect(context.results).toEqual(['server | two', 'server | three', 'server | four', 'client | PASS']);
  expect(context.messages).toEqual(['run a has ended: passed']);
});

test('--follow ends when the script was killed and Slurm reports the job as over', async () => {
  await writeFile(record.file('server.log'), 'one\n');
  await writeFile(state, 'NODE_FAIL');
  const context = testContext({ env: { PATH }, cwd: root });
  expect(await main(['logs', 'a', '-f', '--only', 'server'], context)).toBe(0);
  expect(context.results).toEqual(['one']);
  expect(context.messages).toEqual(['run a has ended']);
});

test('Ctrl-C ends --follow at once with 130', async () => {
  await writeFile(record.file('server.log'), 'one\n');
  const interruption = new AbortController();
  const context = testContext({ env: { PATH }, cwd: root, signal: interruption.signal });
  const following = main(['logs', '-f'], context);
  await saw(context, 'server | one');
  const beganMs = Date.now();
  interruption.abort(new InterruptedError('SIGINT'));
  expect(await following).toBe(130);
  expect(Date.now() - beganMs).toBeLessThan(1_000);
});

test('--lines limits the output to the end of each log', async () => {
  await writeFile(record.file('server.log'), 'one\ntwo\nthree\n');
  await writeFile(record.file('batch.log'), 'only\n');
  const context = testContext({ env: { PATH }, cwd: root });
  expect(await main(['logs', '--lines', '2'], context)).toBe(0);
  expect(context.results).toEqual([
    `==> ${record.file('client.log')} <==`,
    '(not written yet)',
    `==> ${record.file('server.log')} <==`,
    'two',
    'three',
    `==> ${record.file('batch.log')} <==`,
    'only',
  ]);
  context.results.length = 0;
  expect(await main(['logs', '--lines', '0', '--only', 'server'], context)).toBe(0);
  expect(context.results).toEqual([]);
  expect(await main(['logs', '--lines', '1.5'], context)).toBe(2);
});

test('--json prints the logs as one document', async () => {
  await writeFile(record.file('server.log'), 'one\ntwo\n');
  const context = testContext({ env: { PATH }, cwd: root });
  expect(await main(['logs', 'a', '--lines', '1', '--json'], context)).toBe(0);
  expect(context.results).toEqual([
    {
      run: 'a',
      logs: [
        { log: 'client', file: record.file('client.log'), lines: null },
        { log: 'server', file: record.file('server.log'), lines: ['two'] },
        { log: 'batch', file: record.file('batch.log'), lines: null },
      ],
    },
  ]);
  expect(await main(['logs', '-f', '--json'], context)).toBe(2);
});

test('a log that is larger than a string can be is read to its end', async () => {
  const file = record.file('server.log');
  const line = `${'x'.repeat(1023)}\n`;
  await writeFile(file, `first\n${'y'.repeat(3_000_000)}\n${line.repeat(64)}last\n`);
  // A hole of 600 MB would read as null bytes, and this test is about the sizes of chunks.
  const context = testContext({ env: { PATH }, cwd: root });
  expect(await main(['logs', 'a', '--only', 'server'], context)).toBe(0);
  expect(context.results[0]).toBe('first');
  expect(context.results.at(-1)).toBe('last');
  expect(context.results.join('').length).toBe(5 + 3_000_000 + 64 * 1023 + 4);
  const tail = testContext({ env: { PATH }, cwd: root });
  expect(await main(['logs', 'a', '--only', 'server', '--lines', '2'], tail)).toBe(0);
  expect(tail.results).toEqual([line.trimEnd(), 'last']);
});
