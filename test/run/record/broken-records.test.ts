import { beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { main } from '../../../src/main.ts';
import type { RunDirectory } from '../../../src/run/record/run-directory.ts';
import { type TestContext, testContext } from '../../support/context.ts';
import { fakePrograms } from '../../support/fake-program.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { endRecord, sampleRecord } from './sample-record.ts';

let root = '';
let broken: RunDirectory;
let called = '';
let PATH = '';

beforeEach(async () => {
  root = temporaryDirectory();
  await endRecord(await sampleRecord(root, 'good'));
  broken = await sampleRecord(root, 'broken', '7');
  called = path.join(root, 'called');
  PATH = fakePrograms({
    squeue: 'echo "7|RUNNING|None|gpu1|"',
    scancel: `echo "$@" >'${called}'`,
    sacct: 'exit 1',
    scontrol: 'exit 1',
    apptainer: `echo "$@" >>'${called}'`,
  });
});

const write = (name: string, text: string) => writeFile(path.join(broken.directory, name), text);

/** Writes the records of a finished start of the script on this host. */
async function leave(): Promise<string> {
  const owned = path.join(broken.directory, 'owned', 'here.1');
  const temp = path.join(temporaryDirectory(), 'hpc-gat-broken.aB3xYz');
  await mkdir(temp);
  await mkdir(owned, { recursive: true });
  const recorded = { host: hostname(), job: '', script: '4000000 1', instance: 'hpc-gat-broken', temp };
  for (const [name, text] of Object.entries(recorded)) {
    await writeFile(path.join(owned, name), `${text}\n`);
  }
  return temp;
}

async function type(...argv: string[]): Promise<TestContext & { exitCode: number }> {
  const context = testContext({ env: { PATH: `${PATH}:/usr/bin:/bin` }, cwd: root });
  return { ...context, exitCode: await main(argv, context) };
}

describe.each([
  [
    'plan.json',
    '{ "schemaVersion": 1, "id"',
    /plan\.json of run broken cannot be read: it is truncated, or not JSON/,
  ],
  ['plan.json', '', /plan\.json of run broken cannot be read: it is truncated/],
  [
    'plan.json',
    '[]',
    /plan\.json of run broken cannot be read: its content is unknown: another version of hpc-gat may have written it/,
  ],
  [
    'job.json',
    '{}',
    /job\.json of run broken cannot be read: its content is unknown: another version of hpc-gat may have written it/,
  ],
  ['endpoint.json', '{"schemaVersion":2}', /endpoint\.json of run broken cannot be read/],
  ['ended.json', '', /ended\.json of run broken cannot be read/],
])('a run with %s containing %j', (name, text, line) => {
  beforeEach(() => write(name, text));

  test('is reported by status, together with the valid runs', async () => {
    const { exitCode, results } = await type('status');
    expect(exitCode).toBe(0);
    expect(results).toHaveLength(3);
    expect(results[1]).toMatch(/^good +local +passed/);
    expect(results[2]).toMatch(line);
    expect(String(results[2])).toMatch(
      name === 'job.json' ? /^broken +job +UNREADABLE/ : /^broken +7 +RUNNING +gpu1/,
    );
  });

  test('does not affect logs and endpoints of other runs', async () => {
    expect(await type('logs', 'good')).toMatchObject({ exitCode: 0 });
    expect(await type('logs', 'broken')).toMatchObject({ exitCode: 0 });
    expect(await type('endpoints')).toMatchObject({ exitCode: 0 });
    expect(await type('stop')).toMatchObject({ exitCode: 0, results: ['nothing to stop'] });
  });
});

test('cleanup ends the known resources of a run whose plan is lost', async () => {
  await write('plan.json', '{');
  const temp = await leave();
  await rm(path.join(broken.directory, 'job.json'));
  const { exitCode, results, messages } = await type('cleanup');
  expect({ exitCode, messages }).toMatchObject({ exitCode: 0 });
  expect(results).toEqual([expect.stringMatching(/^broken: end and remove the remaining resources on /)]);
  expect(messages).toContainEqual(expect.stringMatching(/^warning: plan\.json of run broken cannot be read/));
  expect(await readFile(called, 'utf8')).toBe('--version\ninstance stop --timeout 10 hpc-gat-broken\n');
  expect(existsSync(temp)).toBe(false);
  expect(existsSync(path.join(broken.directory, 'owned', 'here.1'))).toBe(false);
});

test('a plan of another version is used as far as possible', async () => {
  await write('plan.json', JSON.stringify({ schemaVersion: 2, kind: 'job', serve: true, runtime: 'podman' }));
  const { exitCode, results } = await type('status', 'broken');
  expect({ exitCode, line: String(results[1]).trim() }).toEqual({
    exitCode: 0,
    line: expect.stringMatching(/^broken +7 +RUNNING +gpu1 +not ready$/),
  });
  expect(await type('stop', '--dry-run')).toMatchObject({ results: ['would: cancel job 7 (RUNNING)'] });
});

test('a file among the runs is ignored', async () => {
  await writeFile(path.join(root, '.hpc-gat', 'runs', 'notes.txt'), '');
  expect((await type('status')).results).toHaveLength(3);
});

describe('a run that may be requeued', () => {
  beforeEach(async () => {
    const file = path.join(broken.directory, 'plan.json');
    const plan = JSON.parse(await readFile(file, 'utf8')) as { directives: [string, unknown][] };
    plan.directives = plan.directives.map(([name, value]) => [
      name === 'no-requeue' ? 'requeue' : name,
      value,
    ]);
    await writeFile(file, JSON.stringify(plan));
    await endRecord(broken, 'terminated', 143);
  });

  test('is pending again after its script ended', async () => {
    PATH = fakePrograms({ squeue: 'echo "7|PENDING|BeginTime||"' });
    expect((await type('status', 'broken')).results[1]).toMatch(
      /^broken +7 +PENDING \(BeginTime\) +- +not ready/,
    );
  });

  test('is over when Slurm reports its end', async () => {
    PATH = fakePrograms({ squeue: 'echo "7|CANCELLED|None|gpu1|"', sacct: 'exit 1', scontrol: 'exit 1' });
    expect((await type('status', 'broken')).results[1]).toMatch(/^broken +7 +terminated +gpu1 +exit 143/);
  });
});
