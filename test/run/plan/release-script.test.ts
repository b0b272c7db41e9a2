import { beforeEach, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { existsSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { renderRelease, renderScript } from '../../../src/run/plan/script.ts';
import { fakePrograms } from '../../support/fake-program.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { samplePlan } from './sample-plan.ts';

let root = '';
let owned = '';
let precious = '';

beforeEach(async () => {
  root = temporaryDirectory();
  owned = path.join(root, 'run', 'owned', 'here.7');
  precious = path.join(root, 'precious');
  await mkdir(owned, { recursive: true });
  await mkdir(precious);
  await mkdir(path.join(root, 'hpc-gat-mine.aB3xYz'));
});

/** Executes the cleanup of the run `mine` on a node with these `records`. */
async function release(records: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, text] of Object.entries(records)) {
    await writeFile(path.join(owned, name), `${text}\n`);
  }
  const plan = { ...samplePlan({}, { id: 'mine' }), stopSeconds: 1 };
  const PATH = fakePrograms({ apptainer: `echo "$*" >>${root}/asked`, kill: 'exit 9' });
  const input = await renderRelease(plan, owned);
  await execa('bash', ['-s'], { input, env: { PATH }, extendEnv: false, timeout: 20_000 });
  expect(existsSync(owned)).toBe(false);
  const asked = await execa('cat', [`${root}/asked`], { reject: false });
  return asked.stdout;
}

test('directories created by a run are removed', async () => {
  const made = path.join(root, 'hpc-gat-mine.aB3xYz');
  const doubled = path.join(root, 'hpc-gat-mine.Double');
  await mkdir(doubled);
  await release({ temp: made, 'shared-memory': `${root}//hpc-gat-mine.Double` });
  expect([existsSync(made), existsSync(doubled)]).toEqual([false, false]);
});

describe('a recorded path that is no directory of the run is preserved', () => {
  test.each([
    ['that leads out of it', 'hpc-gat-mine.aB3xYz/../precious'],
    ['that leads out of it, to a name like its own', 'hpc-gat-mine.aB3xYz/../hpc-gat-other.aB3xYz'],
    ['in it', 'hpc-gat-mine.aB3xYz/precious'],
    ['of another run', 'hpc-gat-other.aB3xYz'],
    ['with a longer name', 'hpc-gat-mine.aB3xYz-precious'],
    ['by a link', 'hpc-gat-mine.linked'],
    ['to a file', 'hpc-gat-mine.aFiLe0'],
    ['by a pattern', 'hpc-gat-mine.??????'],
  ])('when it is %s', async (_what, recorded) => {
    const inside = path.join(root, 'hpc-gat-mine.aB3xYz', 'precious');
    const other = path.join(root, 'hpc-gat-other.aB3xYz');
    const longer = path.join(root, 'hpc-gat-mine.aB3xYz-precious');
    const file = path.join(root, 'hpc-gat-mine.aFiLe0');
    await Promise.all([inside, other, longer].map((directory) => mkdir(directory)));
    await writeFile(file, '');
    await symlink(precious, path.join(root, 'hpc-gat-mine.linked'));
    const text = `${root}/${recorded}`;
    await release({ temp: text, 'shared-memory': text });
    expect([precious, inside, other, longer, file].filter((name) => !existsSync(name))).toEqual([]);
  });

  test('when it is relative to the directory of the cleanup', async () => {
    await release({ temp: '../../../../../../../../hpc-gat-mine.aB3xYz' });
    expect(existsSync(path.join(root, 'hpc-gat-mine.aB3xYz'))).toBe(true);
  });
});

test('an instance with another name is not stopped, and its logs are not removed', async () => {
  await writeFile(path.join(root, 'x.out'), '');
  const directory = path.join(root, 'apptainer');
  const asked = await release({ instance: '../../../../../x', 'runtime-folder': directory });
  expect(asked).not.toMatch(/instance stop/);
  expect(existsSync(path.join(root, 'x.out'))).toBe(true);
});

test('a script does not start in a run directory of another user', async () => {
  const plan = samplePlan({}, { id: 'mine' });
  const elsewhere = path.join(root, 'elsewhere');
  await mkdir(elsewhere);
  const link = path.join(root, 'link');
  await symlink(elsewhere, link);
  for (const runDirectory of [link, path.join(root, 'gone')]) {
    const input = await renderScript({ ...plan, runDirectory });
    const { exitCode, stderr } = await execa('bash', ['-s'], { input, reject: false });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringMatching(/^hpc-gat: .* is not a directory of \w+: not started$/),
    });
  }
});
