import { beforeAll, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { valueOptions } from '../../src/commands/value-options.ts';
import { verbs } from '../../src/commands/verbs.ts';
import { main } from '../../src/main.ts';
import { testContext } from '../support/context.ts';
import { completionScript, pathToHpcGat } from './completion-script.ts';

let bash = '';
beforeAll(async () => {
  bash = await completionScript('bash');
});

/** Returns the completions of bash for these words, the last of which is incomplete. */
async function offers(...words: string[]): Promise<string[]> {
  const ask =
    'eval "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _hpc_gat; printf "%s\\n" "${COMPREPLY[@]}"';
  const PATH = pathToHpcGat();
  const { stdout, stderr } = await execa('bash', ['--norc', '-c', ask, 'bash', bash, 'hpc-gat', ...words], {
    env: { PATH },
    extendEnv: false,
  });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

test.each([
  [['su'], ['submit']],
  [['st'], ['status']],
  [['submit', '--wa'], ['--wait']],
  [
    ['render', '--gpu'],
    ['--gpu', '--gpus', '--gpu-type'],
  ],
  [
    ['render', '--model'],
    ['--model', '--models'],
  ],
  [['run'], ['run']],
  [['lab', 'contr'], ['controller']],
  [
    ['lab', 'link', 'gpu1', ''],
    ['up', 'down'],
  ],
  [['config', 'sh'], ['show']],
  [['logs', '--only', 's'], ['server']],
  [['logs', '--only', '=', 'c'], ['client']],
  [
    ['logs', '--only', '='],
    ['client', 'server', 'batch'],
  ],
  [
    ['render', '--site', ''],
    ['generic', 'lab'],
  ],
  [['completion', 'z'], ['zsh']],
])('bash completes %j', async (words, offered) => {
  expect(await offers(...words)).toEqual(expect.arrayContaining(offered));
});

test.each([[['render', '--image', '']], [['make-sif', '-o', '']], [['lab', 'up', '--bind', '']]])(
  'bash falls back to its file names for %j',
  async (words) => {
    expect(await offers(...words)).toEqual([]);
  },
);

test('every offered verb and long option exists', async () => {
  const listed = await offers('');
  expect(listed).toEqual(expect.arrayContaining(['make-sif', 'submit', 'status', 'init', 'config']));
  const options = await offers('make-sif', '-');
  expect(options).toContain('--compression');
  expect(options.filter((option) => /^--.$/.test(option))).toEqual([]);
});

test('both scripts are valid, and name the options that take a value', async () => {
  const values = valueOptions(verbs, testContext());
  expect(values).toEqual(expect.arrayContaining(['--image', '--bind', '-o']));
  expect(values).not.toContain('--gpu');
  expect(values).not.toContain('--only');
  const { exitCode } = await execa('shellcheck', ['--shell', 'bash', '-'], { input: bash, reject: false });
  expect(exitCode).toBe(0);
  const zsh = await completionScript('zsh');
  expect(zsh).toMatch(/^#compdef hpc-gat\n/);
  expect(zsh).toMatch(/compadd -- .*\bgeneric\b.*\blab\b/);
  expect(zsh).toContain('--image');
});

test('an unsupported shell is rejected', async () => {
  expect(await main(['completion', 'fish'], testContext())).toBe(2);
});
