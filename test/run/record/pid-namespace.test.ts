import { beforeEach, expect, test } from '@jest/globals';
import { existsSync, readlinkSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { main } from '../../../src/main.ts';
import { acquireLock } from '../../../src/support/files/lock.ts';
import { isRunning, getOwnIdentity, processHost } from '../../../src/support/processes/process-identity.ts';
import { testContext } from '../../support/context.ts';
import { fakePrograms } from '../../support/fake-program.ts';
import { startContained } from '../../support/pid-namespace.ts';
import { ScriptRun } from '../../support/script-run.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { sampleRecord } from './sample-record.ts';

/** From the initial namespace every process of this user can be seen, so that an ended container is known to have ended. */
const isInitial = processHost('host') === 'host';

let root = '';

beforeEach(() => {
  root = temporaryDirectory();
});

/** A local run whose script is process 1 of a namespace, with a temporary directory. */
async function runIn(namespace: string): Promise<{ owned: string; temp: string }> {
  const temp = path.join(root, 'hpc-gat-mine.aB3xYz');
  const { directory } = await sampleRecord(root, 'mine');
  const owned = path.join(directory, 'owned', `${hostname()}.1`);
  await mkdir(owned, { recursive: true });
  await mkdir(temp);
  const records = { host: hostname(), job: '', script: '1 4711', temp, 'pid-namespace': namespace };
  for (const [name, text] of Object.entries(records)) {
    await writeFile(path.join(owned, name), `${text}\n`);
  }
  return { owned, temp };
}

async function call(...argv: string[]) {
  const context = testContext({ cwd: root, env: { PATH: fakePrograms({ apptainer: '' }) } });
  const exitCode = await main(argv, context);
  return { exitCode, results: context.results.join('\n'), messages: context.messages.join('\n') };
}

test('a run in a container is neither called lost nor cleaned up from outside of it', async () => {
  const contained = await startContained();
  const { owned, temp } = await runIn(contained.namespace);
  expect((await call('status')).results).toMatch(/^mine +local +UNKNOWN/m);
  expect(await call('cleanup')).toMatchObject({
    exitCode: 0,
    messages: expect.stringMatching(/^mine may still be active on .*: hpc-gat cleanup mine ends it$/),
  });
  expect(await call('cleanup', 'mine')).toMatchObject({
    exitCode: 4,
    messages: expect.stringMatching(
      /run mine was started on .* in another PID namespace, such as a container's: its processes cannot be seen from here\n {2}fix: in that container, or once it has ended .*: hpc-gat cleanup mine$/,
    ),
  });
  expect([owned, temp].map((each) => existsSync(each))).toEqual([true, true]);
  await contained.end();
  expect(await call('cleanup', 'mine')).toMatchObject({ exitCode: isInitial ? 0 : 4 });
  expect([owned, temp].map((each) => existsSync(each))).toEqual([!isInitial, !isInitial]);
});

test('what a removed run in a container has is left alone from outside of it', async () => {
  const { namespace } = await startContained();
  const { owned, temp } = await runIn(namespace);
  await rename(owned, path.join(temp, '.hpc-gat'));
  await writeFile(path.join(temp, '.hpc-gat', 'run-directory'), '/nowhere/.hpc-gat/runs/mine\n');
  await writeFile(path.join(root, 'hpc-gat.yaml'), `node: { temp: ['${root}'] }\n`);
  const { messages } = await call('cleanup', '--orphans');
  expect(messages).toMatch(
    /^warning: left alone on .*: run mine .*: its script may run in another PID namespace, .*, as process 1 there/m,
  );
  expect(existsSync(temp)).toBe(true);
});

test('the lock of a process in a container is not taken from it', async () => {
  const { namespace } = await startContained();
  const file = path.join(root, 'lock');
  const owner = { ...getOwnIdentity(), host: processHost(hostname(), namespace), startTicks: 1 };
  await writeFile(file, JSON.stringify(owner));
  const waitedFor: unknown[] = [];
  const abort = new AbortController();
  await expect(
    acquireLock(file, {
      clock: testContext().clock,
      signal: abort.signal,
      onWait: (process) => {
        waitedFor.push(process);
        abort.abort(new Error('waited'));
      },
    }),
  ).rejects.toThrow('waited');
  expect(waitedFor).toEqual([owner]);
});

test('a process id means nothing in another namespace', async () => {
  const contained = await startContained();
  const here = getOwnIdentity();
  const there = { ...here, host: processHost(hostname(), contained.namespace) };
  expect([isRunning(here), isRunning(there)]).toEqual([true, undefined]);
  await contained.end();
  expect(isRunning(there)).toBe(isInitial ? false : undefined);
});

test('the script records its PID namespace', async () => {
  const run = await ScriptRun.create({});
  const running = run.start();
  await run.untilLog('tritonserver started');
  const [owned = ''] = await readdir(path.join(run.plan.runDirectory, 'owned'));
  expect(await readFile(path.join(run.plan.runDirectory, 'owned', owned, 'pid-namespace'), 'utf8')).toBe(
    `${readlinkSync('/proc/self/ns/pid')}\n`,
  );
  running.kill('SIGTERM');
  await running.ended;
});
