import { expect, test } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { projectArguments } from '../../src/commands/common-options.ts';
import { main } from '../../src/main.ts';
import { testContext } from '../support/context.ts';
import { fakePrograms } from '../support/fake-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { verbTexts } from './verb-texts.ts';

/** Verbs whose `--dry-run` prints a script. */
const scriptVerbs = ['submit', 'run', 'start'];

test.each([
  { option: 'json', except: [] },
  { option: 'dry-run', except: scriptVerbs },
  // Triton's file, not that of hpc-gat.
  { option: 'config', except: ['model add'] },
  { option: 'site', except: [] },
  { option: 'models', except: [] },
])('--$option is described alike by every verb that has it', ({ option, except }) => {
  const having = verbTexts().filter(({ descriptions }) => descriptions.has(option));
  expect(having.length).toBeGreaterThan(except.length + 1);
  const texts = having
    .filter(({ verb }) => !except.includes(verb))
    .map(({ descriptions }) => descriptions.get(option));
  expect(new Set(texts).size).toBe(1);
});

test('the verbs that run a script describe --dry-run alike', () => {
  const texts = verbTexts().filter(({ verb }) => scriptVerbs.includes(verb));
  expect(new Set(texts.map(({ descriptions }) => descriptions.get('dry-run'))).size).toBe(1);
});

test('the options that select the project become arguments for another hpc-gat', () => {
  expect(projectArguments({ config: 'a b.yaml', site: 'lab' })).toEqual([
    '--config',
    'a b.yaml',
    '--site',
    'lab',
  ]);
  expect(projectArguments({ config: undefined })).toEqual([]);
});

test.each([
  ['doctor', ['--node', 'cpu', '--wait', '5']],
  ['cleanup', ['--node', 'cpu1']],
])('%s on a node selects the same project and site there', async (verb, options) => {
  const cwd = temporaryDirectory();
  await writeFile(path.join(cwd, 'mine.yaml'), 'slurm: { account: grant }\n');
  const called = path.join(cwd, 'called');
  const PATH = `${fakePrograms({ srun: `printf '%s\\n' "$*" >>'${called}'; exit 1`, scontrol: '', sinfo: '', squeue: '' })}:/usr/bin:/bin`;
  await main(
    [verb, ...options, '--config', 'mine.yaml', '--site', 'lab'],
    testContext({ cwd, env: { PATH } }),
  );
  const calls = await readFile(called, 'utf8');
  expect(calls).toMatch(/--config mine\.yaml --site lab$/m);
  expect(calls).toContain('--account=grant ');
});
