import { expect, test } from '@jest/globals';
import { cp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runLocally } from '../../src/run/run-locally.ts';
import { packageRoot } from '../../src/support/package/package-root.ts';
import { systemClock } from '../../src/support/clock.ts';
import { testContext } from '../support/context.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { sampleSettings } from './plan/sample-plan.ts';

test('a run continues while its file server fails for a moment', async () => {
  const root = temporaryDirectory();
  await cp(path.join(packageRoot, 'models'), path.join(root, 'models'), { recursive: true });
  await writeFile(path.join(root, 'triton.sif'), '');
  const runs = path.join(root, '.hpc-gat', 'runs');
  /** Starts a process in place of the script. */
  const run = async () => {
    const directory = path.join(runs, (await readdir(runs))[0] ?? '');
    // Reading the first bytes of a process's memory fails with EIO.
    await symlink('/proc/self/mem', path.join(directory, 'client.log'));
    await delay(500);
    await rm(path.join(directory, 'client.log'));
    await writeFile(path.join(directory, 'client.log'), 'passed: 1 of 1\n');
    const ended = {
      schemaVersion: 1,
      exitCode: 0,
      reason: 'passed',
      host: 'here',
      time: '2026-01-02T03:04:05Z',
    };
    await writeFile(path.join(directory, 'ended.json'), JSON.stringify(ended));
    return { command: 'bash', exitCode: 0, signal: undefined, timedOut: false, stdout: '', stderr: '' };
  };
  const context = testContext({ cwd: root, run, clock: systemClock });
  const project = { root, site: 'generic', settings: sampleSettings() };
  const { outcome } = await runLocally(context, project, { gpu: false, allowCpu: false, serve: false });
  expect(outcome.exitCode).toBe(0);
  expect(context.results).toEqual(['passed: 1 of 1']);
  expect(context.messages.join()).toMatch(/the file system does not answer, still waiting: EIO/);
});
