import { expect, test } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { getJobOutcome, getScriptOutcome } from '../../../src/run/record/outcome.ts';
import { packageRoot } from '../../../src/support/package/package-root.ts';

test.each([
  ['CANCELLED', undefined, 143, /canceled/],
  ['TIMEOUT', undefined, 5, /walltime.*--time/],
  ['NODE_FAIL', undefined, 4, /node failed/],
  ['OUT_OF_MEMORY', undefined, 4, /memory.*--memory/],
  ['PREEMPTED', undefined, 4, /preempted/],
  ['BOOT_FAIL', undefined, 4, /boot/],
  ['DEADLINE', undefined, 5, /deadline/],
  ['FAILED', 3, 3, /FAILED/],
  ['FAILED', 0, 1, /FAILED/],
  ['COMPLETED', 0, 0, /completed with exit code 0/],
  ['COMPLETED', undefined, 1, /in state COMPLETED before/],
] as const)('a job that Slurm ended as %s with %p gives %i', (state, jobExitCode, exitCode, message) => {
  expect(getJobOutcome({ state, reason: undefined, nodes: 'gpu1', exitCode: jobExitCode })).toEqual({
    exitCode,
    message: expect.stringMatching(message),
  });
});

test('every outcome of the script has an explanation', async () => {
  const templates = path.join(packageRoot, 'templates', 'run');
  const names = await readdir(templates);
  const texts = await Promise.all(names.map((name) => readFile(path.join(templates, name), 'utf8')));
  const words = [...texts.join('\n').matchAll(/finish (?:\d+|"\$code") ([a-z-]+)/g)].map(
    (match) => match[1] ?? '',
  );
  expect(words.length).toBeGreaterThan(10);
  const unexplained = words.filter((reason) => getScriptOutcome({ exitCode: 1, reason }).message === reason);
  expect(unexplained.filter((word) => !['passed', 'interrupted'].includes(word))).toEqual([]);
});
