import { expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import path from 'node:path';
import { main } from '../../../src/main.ts';
import { getOwnIdentity } from '../../../src/support/processes/process-identity.ts';
import { testContext } from '../../support/context.ts';
import { fakePrograms } from '../../support/fake-program.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

interface Made {
  readonly runDirectory?: string;
  readonly script?: string;
  readonly host?: string;
}

const dead = '4000000 1';

/** Creates a temporary directory of a run, with the records of that run. */
async function makeDirectory(parent: string, run: string, made?: Made): Promise<string> {
  const directory = path.join(parent, `hpc-gat-${run}.aB3xYz`);
  await mkdir(directory);
  if (made !== undefined) {
    const { runDirectory = `/nowhere/.hpc-gat/runs/${run}`, script = dead, host = hostname() } = made;
    await mkdir(path.join(directory, '.hpc-gat'));
    const records = {
      'run-directory': runDirectory,
      script,
      host,
      instance: `hpc-gat-${run}-0`,
      temp: directory,
    };
    for (const [name, text] of Object.entries(records)) {
      await writeFile(path.join(directory, '.hpc-gat', name), `${text}\n`);
    }
  }
  return directory;
}

/** Creates a project whose runs have their temporary files in a directory of this test only. */
async function makeProject() {
  const [root, temp] = [temporaryDirectory(), temporaryDirectory()];
  await writeFile(path.join(root, 'hpc-gat.yaml'), `node: { temp: ['${temp}'] }\n`);
  const called = path.join(root, 'called');
  const programs = { apptainer: `echo "$@" >>'${called}'`, docker: `echo "$@" >>'${called}'; echo 4d5e` };
  const PATH = `${fakePrograms(programs)}:/usr/bin:/bin`;
  const startup = path.join(root, 'startup');
  await writeFile(startup, `echo startup >>'${called}'\n`);
  const cleanUp = async (...options: string[]) => {
    const context = testContext({ env: { PATH, BASH_ENV: startup }, cwd: root });
    const exitCode = await main(['cleanup', '--orphans', ...options], context);
    // Files of other tests or users on this host are ignored.
    const own = (lines: readonly unknown[]) =>
      lines
        .map((line) => String(line).replace(/\d+ s old/, 'AGE old'))
        .filter((line) => line.includes('orphan-') || line.includes(temp));
    return { exitCode, results: own(context.results), messages: own(context.messages) };
  };
  return { root, temp, cleanUp, called };
}

test('resources of a run whose directory was removed are listed, ended and removed', async () => {
  const { temp, cleanUp, called } = await makeProject();
  const directory = await makeDirectory(temp, 'orphan-1', {});
  const line = `orphan-1: end and remove the remaining resources on ${hostname()} (${userInfo().username}, AGE old) of a run whose directory /nowhere/.hpc-gat/runs/orphan-1 was removed: server, container, shared memory, temporary files`;
  const planned = await cleanUp('--dry-run');
  expect(planned).toEqual({ exitCode: 0, results: [`would: ${line}`], messages: [] });
  expect(existsSync(directory)).toBe(true);
  expect(await cleanUp()).toEqual({ exitCode: 0, results: [line], messages: [] });
  expect(existsSync(directory)).toBe(false);
  expect(await readFile(called, 'utf8')).toMatch(/^instance stop .*hpc-gat-orphan-1-0$/m);
  expect(await readFile(called, 'utf8')).not.toContain('startup');
});

test('Docker containers are found by the recorded directory of the removed run', async () => {
  const { temp, cleanUp, called } = await makeProject();
  const directory = await makeDirectory(temp, 'orphan-docker', {});
  await writeFile(path.join(directory, '.hpc-gat', 'network'), 'hpc-gat-orphan-docker-0\n');
  await writeFile(path.join(directory, '.hpc-gat', 'owned'), '/nowhere/owned/here.7\n');
  expect((await cleanUp()).exitCode).toBe(0);
  const calls = await readFile(called, 'utf8');
  expect(calls).toContain('ps --all --quiet --filter label=hpc-gat.owned=/nowhere/owned/here.7\n');
  expect(calls).toContain('network ls --quiet --filter label=hpc-gat.owned=/nowhere/owned/here.7\n');
});

test('a run with a running script, an existing directory, or another host is left alone', async () => {
  const { temp, root, cleanUp, called } = await makeProject();
  const { pid, startTicks } = getOwnIdentity();
  const runs = path.join(root, 'runs');
  await mkdir(path.join(runs, 'orphan-there'), { recursive: true });
  const directories = [
    await makeDirectory(temp, 'orphan-live', { script: `${pid} ${startTicks}` }),
    await makeDirectory(temp, 'orphan-there', { runDirectory: path.join(runs, 'orphan-there') }),
    await makeDirectory(temp, 'orphan-elsewhere', { host: 'another' }),
    await makeDirectory(temp, 'orphan-young'),
  ];
  const { results, messages } = await cleanUp();
  expect(results).toEqual([]);
  expect(messages).toEqual([
    expect.stringMatching(
      new RegExp(`^warning: left alone on .*orphan-live.*its script, process ${pid}, runs`),
    ),
  ]);
  expect(directories.filter((directory) => !existsSync(directory))).toEqual([]);
  expect(existsSync(called)).toBe(false);
});

test('an old directory of a run without records that nothing uses is removed', async () => {
  const { temp, cleanUp } = await makeProject();
  const run = '20260102-030405-6a7b';
  const directory = await makeDirectory(temp, run);
  const unpacked = path.join(directory, 'unpacked');
  await mkdir(unpacked);
  await writeFile(path.join(unpacked, 'file'), '');
  await chmod(unpacked, 0o500);
  const before = new Date(Date.now() - 7_200_000);
  await utimes(directory, before, before);
  const { results } = await cleanUp();
  expect(results).toEqual([
    `${run}: remove ${directory} on ${hostname()} (${userInfo().username}, 2 h old), which nothing uses`,
  ]);
  expect(existsSync(directory)).toBe(false);
});

test('a directory without records is preserved where another user could have named it', async () => {
  const { temp, cleanUp } = await makeProject();
  const directory = await makeDirectory(temp, '20260102-030405-6a7b');
  const before = new Date(Date.now() - 7_200_000);
  await utimes(directory, before, before);
  await chmod(temp, 0o777);
  expect((await cleanUp()).results).toEqual([]);
  expect(existsSync(directory)).toBe(true);
});

test('a directory with that name made by a person is preserved, and so is the target of such a link', async () => {
  const { temp, root, cleanUp } = await makeProject();
  const directory = await makeDirectory(temp, 'orphan-mine');
  const precious = path.join(root, 'precious');
  await mkdir(precious);
  await symlink(precious, path.join(temp, 'hpc-gat-20260102-030405-6a7b.aB3xYz'));
  const before = new Date(Date.now() - 7_200_000);
  await utimes(directory, before, before);
  await utimes(precious, before, before);
  expect((await cleanUp()).results).toEqual([]);
  expect([directory, precious].filter((each) => !existsSync(each))).toEqual([]);
});

test('output of setup on a node does not corrupt the report from there', async () => {
  const root = temporaryDirectory();
  await writeFile(path.join(root, 'hpc-gat.yaml'), "setup: ['echo loading modules']\n");
  const report = JSON.stringify({ orphans: [{ run: 'orphan-far', done: 'ended it', isLeft: false }] });
  const srun = `exec bash --norc -s -- echo '${report}'`;
  const PATH = fakePrograms({ srun, sinfo: 'exit 1', squeue: 'exit 1' });
  const context = testContext({ env: { PATH }, cwd: root });
  expect(await main(['cleanup', '--node', 'cpu1'], context)).toBe(0);
  expect(context.results).toEqual(['orphan-far: ended it']);
});

test('--orphans and --node accept no run', async () => {
  const { root } = await makeProject();
  for (const option of [['--orphans'], ['--node', 'cpu1']]) {
    const context = testContext({ cwd: root });
    expect(await main(['cleanup', 'a', ...option], context)).toBe(2);
    expect(context.messages.join()).toContain('cannot be combined with a run');
  }
});
