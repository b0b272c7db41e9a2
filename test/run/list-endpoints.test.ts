import { beforeEach, describe, expect, test } from '@jest/globals';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { main } from '../../src/main.ts';
import { getRunStates } from '../../src/run/record/state.ts';
import type { EndpointFile, RunDirectory } from '../../src/run/record/run-directory.ts';
import { findIdentity } from '../../src/support/processes/process-identity.ts';
import { clientFiles } from '../../src/triton/client-credentials.ts';
import { type TestContext, testContext } from '../support/context.ts';
import { fakePrograms } from '../support/fake-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { endRecord, sampleRecord } from './record/sample-record.ts';

let root = '';
let PATH = '';

beforeEach(() => {
  root = temporaryDirectory();
  PATH = fakePrograms({
    squeue: 'printf "1|RUNNING|None|gpu1|\\n2|PENDING|Priority||\\n"',
    sacct: 'exit 1',
    scontrol: 'exit 1',
  });
});

/** A clock that is stopped at 11:00. */
const clock = { now: () => new Date('2026-01-02T11:00:00Z'), sleep: () => Promise.resolve() };

async function type(...argv: string[]): Promise<TestContext & { exitCode: number }> {
  const context = testContext({ env: { PATH }, cwd: root, clock });
  return { ...context, exitCode: await main(argv, context) };
}

/** Writes the endpoint file of a ready model. */
async function publish(record: RunDirectory, changed: Partial<EndpointFile> = {}): Promise<void> {
  const endpoint: EndpointFile = {
    schemaVersion: 1,
    host: 'gpu1',
    address: '10.1.2.3',
    grpcPort: 20001,
    httpPort: null,
    metricsPort: null,
    model: 'gat_test',
    job: '1',
    until: '2026-01-03T12:30:05Z',
    security: 'mutual-tls',
    credentials: 'owned/gpu1.7/credentials',
    ...changed,
  };
  const directory = path.join(record.directory, 'owned', 'gpu1.7', 'credentials');
  await mkdir(directory, { recursive: true });
  for (const name of clientFiles) {
    await writeFile(path.join(directory, name), name);
  }
  await writeFile(path.join(record.directory, 'endpoint.json'), JSON.stringify(endpoint));
}

const serving = (id: string, jobId?: string) => sampleRecord(root, id, jobId, { serve: true });

describe('endpoints', () => {
  test('lists ready servers, newest first, with the remaining time', async () => {
    await publish(await serving('a', '1'));
    await serving('b', '2');
    await publish(await sampleRecord(root, 'c', '1'));
    const { exitCode, results } = await type('endpoints');
    expect(exitCode).toBe(0);
    expect(results.map((line) => String(line).replace(/ +/g, ' '))).toEqual([
      'RUN ADDRESS MODEL HOST JOB SECURITY LEFT',
      'a 10.1.2.3:20001 gat_test gpu1 1 mutual-tls 1-01:30:05',
    ]);
  });

  test('of one run prints how to connect, and that HTTP has no TLS', async () => {
    await publish(await serving('a', '1'), { httpPort: 20002 });
    const { exitCode, results } = await type('endpoints', 'a');
    expect(exitCode).toBe(0);
    expect(results).toEqual([
      'model gat_test is served at 10.1.2.3:20001 (gpu1) until 2026-01-03T12:30:05Z',
      '  test it:   hpc-gat test a',
      '  share it:  hpc-gat endpoints a --export DIRECTORY',
      '  its ports without TLS:  HTTP 20002',
      expect.stringMatching(
        /^ {2}its keys: {2}\/.*\/runs\/a\/owned\/gpu1\.7\/credentials, for gRPC with TLS/,
      ),
    ]);
  });

  test('reports a run that is not ready yet, and what to do in the meantime', async () => {
    await serving('b', '2');
    const listed = await type('endpoints');
    expect(listed).toMatchObject({ exitCode: 0, results: ['no run serves a model now'] });
    expect(listed.messages).toEqual(['run b is not ready yet: hpc-gat status b']);
    const tested = await type('test');
    expect(tested.exitCode).toBe(1);
    expect(tested.messages.join('\n')).toMatch(/the model of b is not ready\n {2}fix: hpc-gat status b/);
  });

  test('reports that there is none', async () => {
    expect(await type('endpoints')).toMatchObject({ exitCode: 0, results: ['no run serves a model now'] });
  });

  test.each([
    ['a run that waits', () => serving('a', '2'), /run a serves nothing: its model is not ready yet/],
    [
      'a run that is over',
      async () => {
        const record = await serving('a', '1');
        await publish(record);
        await endRecord(record, 'walltime', 5);
      },
      /run a serves nothing: it has ended \(walltime\)/,
    ],
    [
      'a run on the loopback of another node',
      async () => publish(await serving('a', '1'), { address: '127.0.0.1' }),
      /run a listens only on the loopback of gpu1/,
    ],
  ])('of %s reports why it cannot be queried', async (_what, make, message) => {
    await make();
    const { exitCode, messages } = await type('endpoints', 'a');
    expect(exitCode).toBe(1);
    expect(messages.join('\n')).toMatch(message);
  });
});

describe('a bundle', () => {
  beforeEach(async () => {
    await publish(await serving('a', '1'));
  });

  test('contains the address, the keys and instructions, for its owner alone', async () => {
    expect(await type('endpoints', '--export', 'for-bob')).toMatchObject({ exitCode: 0 });
    const directory = path.join(root, 'for-bob');
    const names = (await readdir(directory)).sort();
    expect(names).toEqual(['README.md', ...clientFiles, 'endpoint.json'].sort());
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect(JSON.parse(await readFile(path.join(directory, 'endpoint.json'), 'utf8'))).toMatchObject({
      address: '10.1.2.3',
      credentials: '.',
    });
    expect(await readFile(path.join(directory, 'README.md'), 'utf8')).toContain(
      '10.1.2.3:20001 --model gat_test ',
    );
    expect(await readdir(root)).toEqual(expect.not.arrayContaining([expect.stringContaining('.part.')]));
  });

  test('of a server without TLS contains no keys', async () => {
    await publish(await serving('b', '1'), { security: 'none', credentials: null });
    await type('endpoints', 'b', '--export', 'open');
    expect((await readdir(path.join(root, 'open'))).sort()).toEqual(['README.md', 'endpoint.json']);
    expect(await readFile(path.join(root, 'open', 'README.md'), 'utf8')).not.toContain('client-key');
  });

  test('of several models lists them all', async () => {
    const record = await sampleRecord(root, 'c', '1', { serve: true, models: ['gat_test', 'odd.2'] });
    await publish(record);
    await type('endpoints', 'c', '--export', 'several');
    const readme = await readFile(path.join(root, 'several', 'README.md'), 'utf8');
    expect(readme).toContain('--model gat_test --model odd.2 --credentials .');
    expect(readme).toContain(`for model in ["gat_test", "odd.2"]:`);
    expect((await type('endpoints')).results.join('\n')).toContain(' gat_test,odd.2 ');
  });

  test('is not written over existing files, or with --dry-run', async () => {
    const planned = await type('endpoints', '--export', 'for-bob', '--dry-run');
    expect(planned.results).toEqual([expect.stringMatching(/^would write .*for-bob: ca\.pem, client\.pem/)]);
    expect(await readdir(root)).toEqual(['.hpc-gat']);
    await mkdir(path.join(root, 'for-bob'));
    expect(await type('endpoints', '--export', 'for-bob')).toMatchObject({
      exitCode: 2,
      messages: [expect.stringMatching(/for-bob exists already/), '  fix: name a new directory'],
    });
  });

  test('is removed when a key cannot be read', async () => {
    await publish(await serving('b', '1'), { credentials: 'owned/gone' });
    expect(await type('endpoints', 'b', '--export', 'half')).toMatchObject({
      exitCode: 1,
      messages: [
        expect.stringMatching(/^hpc-gat: the keys of run b cannot be read: .*ca\.pem/),
        expect.any(String),
      ],
    });
    expect(await readdir(root)).toEqual(['.hpc-gat']);
  });
});

test('the plan determines whether a run serves, and the endpoint file whether it is ready', async () => {
  const [ready, tested, here] = [
    await serving('a', '1'),
    await sampleRecord(root, 'b', '1'),
    await serving('c'),
  ] as const;
  await publish(ready);
  // The local process is this one.
  const owned = path.join(here.directory, 'owned', 'here.1');
  await mkdir(owned, { recursive: true });
  const { pid = 0, startTicks = 0 } = findIdentity(process.pid) ?? {};
  await writeFile(path.join(owned, 'host'), hostname());
  await writeFile(path.join(owned, 'script'), `${pid} ${startTicks}`);
  expect(await getRunStates(testContext({ env: { PATH } }), [ready, tested, here], hostname())).toMatchObject(
    [
      { id: 'a', serves: true, ready: true, active: true, kind: 'job' },
      { id: 'b', serves: false, ready: false, active: true, kind: 'job' },
      { id: 'c', serves: true, ready: false, active: true, kind: 'local', scriptPid: process.pid },
    ],
  );
});
