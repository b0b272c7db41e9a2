import { expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { submitRun } from '../../src/run/submit.ts';
import { testContext } from '../support/context.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { sampleSettings } from './sample-plan.ts';

test('what a site wants from everybody is asked for before anything is made', async () => {
  const root = temporaryFolder();
  const project = { root, site: 'ncsa-delta', needs: ['account'] as const, settings: sampleSettings() };
  const options = { gpu: false, allowCpu: false, serve: false };
  await expect(submitRun(testContext(), project, options)).rejects.toMatchObject({
    exitCode: 2,
    message: 'ncsa-delta takes no job without --account',
    fix: 'give --account NAME, or set slurm.account in hpc-gat.yaml',
  });
  expect(existsSync(path.join(root, '.hpc-gat'))).toBe(false);
});
