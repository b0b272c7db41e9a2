import { expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { cancelJob, queryJob, queryJobs } from '../../src/slurm/job.ts';
import { testContext } from '../support/context.ts';
import { fakePrograms } from '../support/fake-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

function contextWith(programs: Readonly<Record<string, string>>) {
  const PATH = fakePrograms({ squeue: 'exit 1', sacct: 'exit 1', scontrol: 'exit 1', ...programs });
  return testContext({ env: { PATH } });
}

const unknownJob = 'echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1';

test('a pending job is queried from the queue alone', async () => {
  const context = contextWith({
    squeue: `echo '7|PENDING|Resources||'`,
    sacct: 'touch "$0.called"; exit 1',
  });
  expect(await queryJob(context, '7')).toEqual({
    state: 'PENDING',
    reason: 'Resources',
    nodes: undefined,
    exitCode: undefined,
  });
});

test('a job that has left the queue is queried from accounting', async () => {
  const context = contextWith({ squeue: unknownJob, sacct: `echo '7|CANCELLED by 1001|None|gpu1|0:15'` });
  expect(await queryJob(context, '7')).toEqual({
    state: 'CANCELLED',
    reason: undefined,
    nodes: 'gpu1',
    exitCode: undefined,
    canceledBy: 1001,
  });
});

test('without accounting, the controller is queried', async () => {
  const scontrol = `echo 'JobId=7 JobName=x JobState=NODE_FAIL Reason=NodeDown Dependency=(null) NodeList=gpu2 ExitCode=3:0'`;
  const context = contextWith({ squeue: unknownJob, scontrol });
  expect(await queryJob(context, '7')).toEqual({
    state: 'NODE_FAIL',
    reason: 'NodeDown',
    nodes: 'gpu2',
    exitCode: 3,
  });
});

test('accounting that lists a finished job as RUNNING is ignored', async () => {
  const context = contextWith({
    squeue: `echo '7|COMPLETED|None|cpu1|'`,
    sacct: `echo '7|RUNNING|None|cpu1|0:0'`,
  });
  expect(await queryJob(context, '7')).toMatchObject({ state: 'COMPLETED', nodes: 'cpu1' });
});

test('many jobs take one call of squeue, and one of sacct for those that are over', async () => {
  const log = path.join(temporaryDirectory(), 'calls');
  const called = `echo "$(basename "$0") $*" >>'${log}'`;
  const context = contextWith({
    squeue: `${called}; printf '1|PENDING|Priority||\\n2|RUNNING|None|gpu1|\\n3|COMPLETED|None|cpu1|\\n5|FAILED|None|cpu2|\\n'`,
    sacct: `${called}; printf '3|COMPLETED|None|cpu1|0:0\\n4|NODE_FAIL|None|cpu2|1:0\\n4|TIMEOUT|None|cpu2|0:0\\n'`,
    scontrol: `${called}; echo "JobId=5 JobState=FAILED Reason=NonZeroExitCode NodeList=cpu2 ExitCode=3:0"`,
  });
  const jobs = await queryJobs(context, ['1', '2', '3', '4', '5', '6']);
  expect([...jobs].sort().map(([id, { state, exitCode }]) => `${id} ${state} ${exitCode ?? '-'}`)).toEqual([
    '1 PENDING -',
    '2 RUNNING -',
    '3 COMPLETED 0',
    '4 TIMEOUT 0',
    '5 FAILED 3',
  ]);
  const calls = (await readFile(log, 'utf8')).trim().split('\n');
  expect(calls).toEqual([
    expect.stringMatching(/^squeue .*--jobs=1,2,3,4,5,6 /),
    expect.stringMatching(/^sacct .*--jobs=3,4,5,6 /),
    'scontrol --oneliner show job 5',
  ]);
});

test('jobs of another cluster are queried there, and distinguished from those with the same id here', async () => {
  const context = contextWith({
    squeue: `case "$*" in
      *--clusters=c2*) printf 'CLUSTER: c2\n7|RUNNING|None|gpu1|\n' ;;
      *) printf '7|PENDING|Priority||\n' ;;
    esac`,
    sacct: `case "$*" in *--clusters=c2*--jobs=8*) echo '8|TIMEOUT|None|gpu1|0:0' ;; *) exit 1 ;; esac`,
  });
  const jobs = await queryJobs(context, ['7', '7;c2', '8;c2']);
  expect([...jobs].map(([id, { state }]) => `${id} ${state}`)).toEqual([
    '7 PENDING',
    '7;c2 RUNNING',
    '8;c2 TIMEOUT',
  ]);
});

test('a job of another cluster is canceled there', async () => {
  const log = path.join(temporaryDirectory(), 'calls');
  await cancelJob(contextWith({ scancel: `echo "$*" >'${log}'` }), '7;c2');
  expect(await readFile(log, 'utf8')).toBe('--clusters=c2 7\n');
});

test('without jobs, Slurm is not queried', async () => {
  expect(await queryJobs(testContext({ env: { PATH: '/nowhere' } }), [])).toEqual(new Map());
});

test('an unknown job is reported as unknown', async () => {
  const context = contextWith({ squeue: unknownJob });
  expect(await queryJob(context, '7')).toBeUndefined();
});

test('a controller that does not answer is a distinct error', async () => {
  const context = contextWith({
    squeue: 'echo "squeue: error: Unable to contact slurm controller" >&2; exit 1',
  });
  await expect(queryJob(context, '7')).rejects.toMatchObject({
    exitCode: 4,
    message: 'squeue cannot list job 7: Unable to contact slurm controller',
  });
});

test('the environment of an outer job does not reach Slurm, but SLURM_CONF does', async () => {
  const PATH = fakePrograms({ squeue: `echo "7|$SLURM_JOB_ID$SBATCH_PARTITION$SLURM_CONF|None||"` });
  const env = { PATH, SLURM_JOB_ID: '1', SBATCH_PARTITION: 'p', SLURM_CONF: 'conf' };
  expect(await queryJob(testContext({ env }), '7')).toMatchObject({ state: 'conf' });
});

test('canceling an unknown or finished job is no error; a rejection is', async () => {
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

test('a host without Slurm is reported', async () => {
  const context = testContext({ env: { PATH: '/nowhere' } });
  await expect(queryJob(context, '7')).rejects.toMatchObject({
    exitCode: 3,
    fix: expect.stringMatching(/login node/),
  });
});

test('reports a scancel that succeeds without effect', async () => {
  let nowMs = 0;
  const clock = {
    now: () => new Date(nowMs),
    sleep: (ms: number) => {
      nowMs += ms * 10;
      return Promise.resolve();
    },
  };
  const PATH = fakePrograms({ scancel: '', squeue: `echo '7|RUNNING|None|cpu1|'` });
  await expect(cancelJob(testContext({ env: { PATH }, clock }), '7')).rejects.toMatchObject({
    exitCode: 4,
    message: 'scancel 7 reported success, but the job is still RUNNING after 10 s',
  });
});

test.each(['7|COMPLETING|None|cpu1|', '7|CANCELLED|None|cpu1|', ''])(
  'after scancel, a job that squeue shows as "%s" is ending',
  async (line) => {
    const context = contextWith({ scancel: '', squeue: `echo '${line}'` });
    await expect(cancelJob(context, '7')).resolves.toBeUndefined();
  },
);
