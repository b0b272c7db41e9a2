import { expect, test } from '@jest/globals';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { packageRoot } from '../../../src/support/package/package-root.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** Executes lines after the functions of these script parts, which contain no templates. */
async function callFunctions(parts: readonly string[], lines: readonly string[]) {
  const sources = parts.map((part) => `source '${path.join(packageRoot, `templates/run/_${part}.sh.hbs`)}'`);
  const { exitCode, stdout } = await execa('bash', ['--norc', '-c', [...sources, ...lines].join('\n')], {
    reject: false,
  });
  return { exitCode, stdout };
}

test.each([
  ['No such file or directory', 1],
  ['Not a directory', 1],
  ['Permission denied', 0],
  ['Stale file handle', 0],
  ['Input/output error', 0],
])('a run directory is classified when stat reports "%s"', async (statError, exitCode) => {
  const directory = temporaryDirectory();
  expect(
    await callFunctions(
      ['run-directory'],
      [
        `run_directory=${directory}/gone owned=${directory}/gone/owned/here.7`,
        `exec {run_directory_fd}<${directory}`,
        `stat() { echo "stat: '$run_directory': ${statError}" >&2; return 1; }`,
        'is_run_directory_there',
      ],
    ),
  ).toMatchObject({ exitCode });
});

test('a command is executed even when its output cannot be written', async () => {
  const owned = temporaryDirectory();
  await mkdir(path.join(owned, 'output'));
  expect(await callFunctions(['timeout'], [`owned=${owned}`, 'with_timeout 5 true'])).toMatchObject({
    exitCode: 0,
  });
});

test('a signal before the walltime ends the command that runs in the background', async () => {
  const lines = [
    'owned=/nonexistent',
    'set -m; sleep 60 & background_pid=$!; set +m; first=$background_pid',
    'log() { :; }',
    'finish() { kill -0 "$first" 2>/dev/null && kill "$first" && echo "continues"; exit "$1"; }',
    'query_job() { with_timeout 5 true; job_preempted=true; }',
    'on_usr1 5 walltime',
  ];
  expect(await callFunctions(['timeout', 'time-limit'], lines)).toEqual({ exitCode: 4, stdout: '' });
});
