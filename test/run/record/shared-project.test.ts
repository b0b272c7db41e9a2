import { beforeEach, describe, expect, test } from '@jest/globals';
import { chmod, lchown, mkdir, symlink } from 'node:fs/promises';
import { userInfo } from 'node:os';
import path from 'node:path';
import { main } from '../../../src/main.ts';
import { RunDirectory } from '../../../src/run/record/run-directory.ts';
import { findOwnProjectDirectory } from '../../../src/support/files/project-directories.ts';
import { testContext } from '../../support/context.ts';
import { fakePrograms } from '../../support/fake-program.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { samplePlan, sampleSettings } from '../plan/sample-plan.ts';
import { endRecord, sampleRecord } from './sample-record.ts';

/** An account that does not exist here. Only root can give a file away. */
const colleague = 54_321;
const asRoot = process.getuid?.() === 0 ? describe : describe.skip;

let root = '';
let first = '';

beforeEach(() => {
  root = temporaryDirectory();
  first = path.join(root, '.hpc-gat');
});

async function call(...argv: string[]) {
  const context = testContext({ cwd: root, env: { PATH: fakePrograms({ apptainer: '' }) } });
  const exitCode = await main(argv, context);
  return { exitCode, results: context.results, messages: context.messages.join('\n') };
}

/** A run of this user where `submit` and the other verbs create it. */
async function ownRun(id: string): Promise<string> {
  const runsDirectory = path.join(await findOwnProjectDirectory(root), 'runs');
  const project = { root, site: 'generic', settings: sampleSettings() };
  const record = await RunDirectory.create(samplePlan({}, { project, id, kind: 'local', runsDirectory }), '');
  await endRecord(record);
  return record.directory;
}

async function giveAway(...files: string[]): Promise<void> {
  await Promise.all(files.map((file) => lchown(file, colleague, colleague)));
}

asRoot('in a project where a colleague was first', () => {
  test.each(['.hpc-gat', '.hpc-gat/runs'])(
    'and owns %s, this user has a directory of runs that every verb finds, beside earlier runs',
    async (name) => {
      await endRecord(await sampleRecord(root, 'old'));
      await giveAway((await sampleRecord(root, 'theirs')).directory, path.join(root, name));
      const mine = await ownRun('mine');
      expect(mine).toBe(path.join(root, `.hpc-gat-${userInfo().username}`, 'runs', 'mine'));
      expect(await findOwnProjectDirectory(root)).toBe(path.resolve(mine, '../..'));
      const status = await call('status');
      expect(status.results.slice(1)).toEqual([
        expect.stringMatching(/^old /),
        expect.stringMatching(/^mine /),
      ]);
      expect(status.messages).toBe('1 run of another user is not shown');
      for (const [verb, result] of [
        ['status', /^mine /],
        ['logs', /batch\.log/],
        ['cleanup', /^nothing to clean up$/],
        ['stop', /^nothing to stop$/],
      ] as const) {
        expect(await call(verb, 'mine')).toMatchObject({
          exitCode: 0,
          results: expect.arrayContaining([expect.stringMatching(result)]),
        });
      }
      expect((await call('endpoints', 'mine')).messages).toMatch(/run mine serves nothing: it has ended/);
      expect((await call('endpoints', 'theirs')).messages).toMatch(/run theirs does not belong to you/);
    },
  );

  test('a link of the colleague does not bring in the runs of another project of this user', async () => {
    const other = path.join(temporaryDirectory(), '.hpc-gat');
    await endRecord(await sampleRecord(path.dirname(other), 'elsewhere'));
    await mkdir(path.join(root, '.hpc-gat-x'));
    await symlink(other, first);
    await symlink(path.join(other, 'runs'), path.join(root, '.hpc-gat-x', 'runs'));
    await giveAway(first, path.join(root, '.hpc-gat-x', 'runs'));
    expect((await call('status')).results).toEqual(['no run yet']);
  });
});

test('a directory of runs that root shares with everybody is used', async () => {
  await mkdir(path.join(first, 'runs'), { recursive: true });
  await chmod(path.join(first, 'runs'), 0o1777);
  expect(await findOwnProjectDirectory(root)).toBe(first);
});
