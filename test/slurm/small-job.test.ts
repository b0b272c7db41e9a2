import { expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { NotStartedError, runSmallJob } from '../../src/slurm/small-job.ts';
import { testContext } from '../support/context.ts';
import { fakePrograms } from '../support/fake-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const job = { options: [], command: ['bash', '-s'], input: 'echo started\n', waitMs: 1_000, limitMs: 5_000 };

test('a pending job is canceled at its deadline, with the reason from Slurm', async () => {
  const ended = path.join(temporaryDirectory(), 'ended');
  const PATH = fakePrograms({
    srun: `trap 'touch ${ended}; exit 1' TERM; echo 'srun: job 12 queued and waiting for resources' >&2; while :; do sleep 0.1; done`,
    squeue: "echo '12|PENDING|QOSMinGRES||'",
  });
  const running = runSmallJob(testContext({ env: { PATH } }), job);
  await expect(running).rejects.toBeInstanceOf(NotStartedError);
  await expect(running).rejects.toMatchObject({
    exitCode: 5,
    message: 'the job did not start within 1 s: PENDING (QOSMinGRES)',
  });
  expect(existsSync(ended)).toBe(true);
});

test('a started job can take longer than the deadline for pending', async () => {
  const PATH = fakePrograms({ srun: 'echo started; sleep 1.3; echo done' });
  expect(await runSmallJob(testContext({ env: { PATH } }), job)).toMatchObject({
    exitCode: 0,
    stdout: 'started\ndone',
  });
});
