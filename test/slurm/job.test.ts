import { expect, test } from '@jest/globals';
import { cancelJob, queryJob } from '../../src/slurm/job.ts';
import { testContext } from '../support/context.ts';
import { fakePrograms } from '../support/fake-program.ts';

function contextWith(programs: Readonly<Record<string, string>>) {
  const PATH = fakePrograms({ squeue: 'exit 1', sacct: 'exit 1', scontrol: 'exit 1', ...programs });
  return testContext({ env: { PATH } });
}

const unknownJob = 'echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1';

test('a job that waits is asked of the queue alone', async () => {
  const context = contextWith({
    squeue: `echo 'PENDING|Resources||'`,
    sacct: 'touch "$0.called"; exit 1',
  });
  expect(await queryJob(context, '7')).toEqual({
    state: 'PENDING',
    reason: 'Resources',
    nodes: undefined,
    exitCode: undefined,
  });
});

test('a job that has left the queue is asked of accounting', async () => {
  const context = contextWith({ squeue: unknownJob, sacct: `echo 'CANCELLED by 1001|None|gpu1|0:15'` });
  expect(await queryJob(context, '7')).toEqual({
    state: 'CANCELLED',
    reason: undefined,
    nodes: 'gpu1',
    exitCode: undefined,
  });
});

test('without accounting the controller is asked', async () => {
  const scontrol = `echo 'JobId=7 JobName=x JobState=NODE_FAIL Reason=NodeDown Dependency=(null) NodeList=gpu2 ExitCode=3:0'`;
  const context = contextWith({ squeue: unknownJob, scontrol });
  expect(await queryJob(context, '7')).toEqual({
    state: 'NODE_FAIL',
    reason: 'NodeDown',
    nodes: 'gpu2',
    exitCode: 3,
  });
});

test('accounting that still calls a finished job RUNNING is not believed', async () => {
  const context = contextWith({
    squeue: `echo 'COMPLETED|None|cpu1|'`,
    sacct: `echo 'RUNNING|None|cpu1|0:0'`,
  });
  expect(await queryJob(context, '7')).toMatchObject({ state: 'COMPLETED', nodes: 'cpu1' });
});

test('a job that nobody knows', async () => {
  const context = contextWith({ squeue: unknownJob });
  expect(await queryJob(context, '7')).toBeUndefined();
});

test('a controller that does not answer is an error of its own', async () => {
  const context = contextWith({
    squeue: 'echo "squeue: error: Unable to contact slurm controller" >&2; exit 1',
  });
  await expect(queryJob(context, '7')).rejects.toMatchObject({
    exitCode: 4,
    message: 'squeue does not tell of job 7: Unable to contact slurm controller',
  });
});

test('the environment of an outer job does not reach Slurm, SLURM_CONF does', async () => {
  const PATH = fakePrograms({ squeue: `echo "$SLURM_JOB_ID$SBATCH_PARTITION$SLURM_CONF|None||"` });
  const env = { PATH, SLURM_JOB_ID: '1', SBATCH_PARTITION: 'p', SLURM_CONF: 'conf' };
  expect(await queryJob(testContext({ env }), '7')).toMatchObject({ state: 'conf' });
});

test('cancelling a job that is unknown or over is no error; a refusal is', async () => {
  const over = contextWith({
    scancel: 'echo "scancel: error: Kill job error on job id 7: Invalid job id specified" >&2; exit 1',
  });
  await expect(cancelJob(over, '7')).resolves.toBeUndefined();
  const refused = contextWith({
    scancel: 'echo "scancel: error: Access/permission denied" >&2; exit 1',
  });
  await expect(cancelJob(refused, '7')).rejects.toMatchObject({
    message: 'scancel 7 failed: Access/permission denied',
  });
});

test('a host without Slurm is told so', async () => {
  const context = testContext({ env: { PATH: '/nowhere' } });
  await expect(queryJob(context, '7')).rejects.toMatchObject({
    exitCode: 3,
    fix: expect.stringMatching(/login node/),
  });
});
