import { beforeEach, describe, expect, test } from '@jest/globals';
import { chmod, lchown, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { main } from '../../../src/main.ts';
import { testContext } from '../../support/context.ts';
import { fakePrograms } from '../../support/fake-program.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { endRecord, sampleRecord } from './sample-record.ts';

/** An account that does not exist here. Only root can give a file away. */
const stranger = 54_321;
const asRoot = process.getuid?.() === 0 ? describe : describe.skip;

let root = '';
let runs = '';

beforeEach(() => {
  root = temporaryDirectory();
  runs = path.join(root, '.hpc-gat', 'runs');
});

async function call(...argv: string[]) {
  const PATH = fakePrograms({ bash: `echo "$*" >>${root}/executed`, squeue: 'exit 1', sacct: 'exit 1' });
  const context = testContext({ cwd: root, env: { PATH } });
  const exitCode = await main(argv, context);
  return { exitCode, results: context.results, messages: context.messages.join('\n') };
}

async function modeOf(directory: string): Promise<string> {
  return ((await stat(directory)).mode & 0o7777).toString(8);
}

test('write permission of others is removed before a run is created', async () => {
  await mkdir(runs, { recursive: true });
  await Promise.all([chmod(path.dirname(runs), 0o777), chmod(runs, 0o2775)]);
  await lchown(runs, process.getuid?.() ?? 0, process.getgid?.() === 0 ? 54_321 : -1);
  await sampleRecord(root, 'mine');
  expect(await modeOf(path.dirname(runs))).toBe('755');
  expect((await stat(runs)).mode & 0o022).toBe(0);
});

test('a dangling link is reported as a usage error', async () => {
  await symlink('gone', path.join(root, '.hpc-gat'));
  await expect(sampleRecord(root, 'mine')).rejects.toMatchObject({ code: 'EEXIST' });
});

asRoot('a stranger', () => {
  async function plant(id: string, owner = stranger): Promise<string> {
    const record = await sampleRecord(root, id);
    await mkdir(path.join(record.directory, 'owned', 'here.1'), { recursive: true });
    await writeFile(path.join(record.directory, 'owned', 'here.1', 'host'), 'here\n');
    await lchown(record.directory, owner, owner);
    return record.directory;
  }

  test('owned by another user contains runs that no verb uses', async () => {
    await endRecord(await sampleRecord(root, 'a-mine'));
    await plant('z-newest');
    const status = await call('status');
    expect(status.results.slice(1)).toEqual([expect.stringMatching(/^a-mine /)]);
    expect(status.messages).toBe('1 run of another user is not shown');
    expect((await call('logs', '--json')).results).toEqual([expect.objectContaining({ run: 'a-mine' })]);
    expect(await call('cleanup', '--all')).toMatchObject({ exitCode: 0, messages: '' });
    expect(await call('stop')).toMatchObject({ exitCode: 0, results: ['nothing to stop'] });
    for (const verb of ['status', 'logs', 'cleanup', 'stop', 'endpoints']) {
      const { exitCode, messages } = await call(verb, 'z-newest');
      expect({ exitCode, messages }).toEqual({
        exitCode: 2,
        messages: expect.stringMatching(
          /^hpc-gat: run z-newest does not belong to you: it belongs to user 54321\n {2}fix: /,
        ),
      });
    }
    await expect(readFile(path.join(root, 'executed'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test.each([
    ['a link', async (directory: string) => symlink(directory, path.join(runs, 'zz-link'))],
    ['a directory of mine that everybody can write', async (directory: string) => chmod(directory, 0o777)],
  ])('cannot inject %s', async (_what, plantAt) => {
    const directory = await plant('mine', 0);
    await plantAt(directory);
    const { results } = await call('status');
    expect(results.map(String).join('\n')).not.toMatch(/zz-link/);
    await chmod(directory, 0o700);
    await rm(path.join(runs, 'zz-link'), { force: true });
    expect((await call('status')).results.slice(1)).toEqual([expect.stringMatching(/^mine /)]);
  });

  test.each(['.hpc-gat', '.hpc-gat/runs'])(
    'who owns %s does not receive the runs of this user',
    async (name) => {
      await mkdir(runs, { recursive: true });
      await lchown(path.join(root, name), stranger, stranger);
      await expect(sampleRecord(root, 'mine')).rejects.toMatchObject({
        exitCode: 2,
        message: `runs cannot be stored in ${path.join(root, name)}, where others could replace them: it belongs to user 54321`,
      });
    },
  );

  test('who owns a link cannot redirect the runs of this user', async () => {
    const elsewhere = temporaryDirectory();
    await symlink(elsewhere, path.join(root, '.hpc-gat'));
    await lchown(path.join(root, '.hpc-gat'), stranger, stranger);
    await expect(sampleRecord(root, 'mine')).rejects.toMatchObject({ exitCode: 2 });
  });
});
