import { beforeAll, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { findProgram } from '../../src/support/processes/find-program.ts';
import { testContext } from '../support/context.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { completionScript, pathToHpcGat } from './completion-script.ts';

/**
 * Types a line into an interactive zsh and replaces the last word by all its completions. `$1` is the line, `$2` the
 * file with the completion.
 */
const typing = `
  zmodload zsh/zpty
  zpty shell zsh -f -i
  zpty -w shell 'PS1= RPS1=; autoload -Uz compinit && compinit -u -D && source '\${(q)2}'
    insert_all() { compstate[insert]=all; compstate[list]= }
    offer() { comppostfuncs=(insert_all); zle complete-word; print -r -- "<<$BUFFER>>" }
    zle -N offer; bindkey "^T" offer; print read''y'
  zpty -r shell output '*ready*'
  zpty -n -w shell "$1"$'\\x14'
  zpty -r shell output '*<<*>>'
  print -r -- "$output"
  zpty -d shell`;

const withZsh = findProgram('zsh', testContext().env) === undefined ? test.skip : test;

let script = '';
beforeAll(async () => {
  script = await completionScript('zsh');
});

/** Returns the completions of zsh for these words, the last of which is incomplete. */
async function offers(...words: string[]): Promise<string[]> {
  const directory = temporaryDirectory();
  const [file, files] = [path.join(directory, 'completion'), path.join(directory, 'files')];
  await mkdir(files);
  await writeFile(file, script);
  await writeFile(path.join(files, 'only.sif'), '');
  const line = ['hpc-gat', ...words].join(' ');
  const { stdout } = await execa('zsh', ['-f', '-c', typing, 'zsh', line, file], {
    cwd: files,
    env: { PATH: pathToHpcGat(), HOME: directory, TERM: 'dumb' },
    extendEnv: false,
  });
  const [, found = ''] = /<<(.*)>>/s.exec(stdout) ?? [];
  return found
    .split(' ')
    .slice(words.length)
    .filter((word) => word !== '');
}

withZsh.each([
  [['su'], ['submit']],
  [
    ['render', '--gpu'],
    ['--gpu', '--gpu-type', '--gpus'],
  ],
  [['lab', 'link', 'gpu1', 'd'], ['down']],
  [['config', 'sh'], ['show']],
  [
    ['logs', '--only', ''],
    ['batch', 'client', 'server'],
  ],
  [['render', '--site', 'gen'], ['generic']],
  [['completion', 'z'], ['zsh']],
  [['make-sif', '-o', ''], ['only.sif']],
])('zsh offers for %j', async (words, offered) => {
  expect(await offers(...words)).toEqual(offered);
});
