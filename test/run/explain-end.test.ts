import { beforeEach, expect, test } from '@jest/globals';
import { mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import path from 'node:path';
import { explainEnd, explainHold } from '../../src/run/explain-end.ts';
import { findSuspiciousLoginFile } from '../../src/run/login-files.ts';
import type { RunDirectory } from '../../src/run/record/run-directory.ts';
import { waitForJob } from '../../src/run/wait.ts';
import { testContext } from '../support/context.ts';
import { fakePrograms } from '../support/fake-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { endRecord, sampleRecord } from './record/sample-record.ts';

let record: RunDirectory;

beforeEach(async () => {
  record = await sampleRecord(temporaryDirectory(), 'a', '12');
});

const me = userInfo().uid;
const job = { state: 'CANCELLED', reason: undefined, nodes: 'cpu1', exitCode: undefined };

test.each([
  [
    'root before the script started',
    { canceledBy: 0 },
    'none',
    4,
    /environment of your login shell.*export=NIL/,
  ],
  ['Slurm without accounting', {}, 'none', 4, /environment of your login shell/],
  [
    'Slurm after a prolog that failed',
    { canceledBy: 0 },
    'Prolog error',
    4,
    /cpu1 .*Prolog error.*exclude=cpu1/,
  ],
  ['another user while it waited', { canceledBy: 98_765, nodes: undefined }, 'none', 4, /98765/],
  ['root while it waited', { canceledBy: 0, nodes: undefined }, 'none', 4, /by root/],
  ['the user', { canceledBy: me }, 'none', 143, /^the job was canceled$/],
  ['somebody unknown while it waited', { nodes: undefined }, 'none', 143, /^the job was canceled$/],
] as const)('reports a job canceled by %s', async (_name, facts, drained, exitCode, message) => {
  // For root, uid 0 is the user.
  if (me === 0 && 'canceledBy' in facts && facts.canceledBy === 0) {
    return;
  }
  const PATH = fakePrograms({ sinfo: `echo '${drained}'` });
  const ended = { id: '12', job: { ...job, ...facts } };
  const outcome = await explainEnd(testContext({ env: { PATH } }), record, ended);
  expect(outcome).toEqual({ exitCode, message: expect.stringMatching(message) });
});

test('reports a job that fails without a trace in the run directory as run on a node that cannot see it', async () => {
  const ended = { id: '12', job: { ...job, state: 'FAILED', exitCode: 1 } };
  expect(await explainEnd(testContext(), record, ended)).toMatchObject({
    exitCode: 1,
    message: expect.stringMatching(/cpu1.*does not see this directory.*share/),
  });
  await writeFile(record.file('batch.log'), '');
  expect(await explainEnd(testContext(), record, ended)).toMatchObject({
    message: expect.stringMatching(/batch\.log/),
  });
});

test.each([
  ['launch_failed_requeued_held', /prolog/],
  ['launch failed requeued held', /prolog/],
  ['user env retrieval failed requeued held', /login shell/],
  ['QOSMinGRES', /cannot start as it was requested/],
  ['QOSMaxWallDurationPerJobLimit', /cannot start as it was requested/],
  ['PartitionTimeLimit', /cannot start as it was requested/],
  ['DependencyNeverSatisfied', /cannot start as it was requested/],
])('a job pending for the reason "%s" never starts by itself', async (reason, message) => {
  const waiting = { id: '12', job: { ...job, state: 'PENDING', reason } };
  expect(await explainHold(waiting)).toMatchObject({
    exitCode: 4,
    message: expect.stringMatching(message),
  });
});

test.each(['Resources', 'Priority', 'JobHeldUser', 'JobHeldAdmin', 'QOSMaxJobsPerUserLimit', 'BeginTime'])(
  'a job pending for the reason %s is waited for',
  async (reason) => {
    expect(await explainHold({ id: '12', job: { ...job, state: 'PENDING', reason } })).toBeUndefined();
  },
);

test.each([
  ['bash', '.bash_profile', 'umask 022\nexit 1\n', /line 2 of .*\.bash_profile \(exit 1\)/],
  ['bash', '.profile', '[ -x /bin/zsh ] && exec /bin/zsh -l\n', /line 1 of .*\.profile/],
  ['bash', '.profile', 'export PATH=/opt/bin\n', /line 1 of .*\.profile/],
  ['bash', '.profile', 'export PATH=$PATH:/opt/bin\n', /^\S*\.profile$/],
  ['bash', '.bash_login', 'set -eu; . /nonexistent', /line 1 of .*\.bash_login/],
  ['zsh', '.zshenv', 'sleep 400\n', /line 1 of .*\.zshenv/],
  ['tcsh', '.login', 'exit\n', /line 1 of .*\.login/],
  ['nologin', '.x', '', /^the login files of \/bin\/nologin$/],
])('reports the login file of %s that disturbs Slurm: %s with %j', async (shell, name, text, expected) => {
  const home = temporaryDirectory();
  await mkdir(path.dirname(path.join(home, name)), { recursive: true });
  await writeFile(path.join(home, name), text);
  expect(await findSuspiciousLoginFile(home, `/bin/${shell}`)).toMatch(expected);
});

/** Creates a clock with accelerated seconds. */
function fastClock() {
  let nowMs = 0;
  return {
    now: () => new Date(nowMs),
    sleep: async (ms: number) => {
      nowMs += ms * 10;
      await new Promise((resolve) => setTimeout(resolve, 5));
    },
  };
}

function wait(programs: Readonly<Record<string, string>>) {
  const PATH = fakePrograms({ sacct: 'exit 1', scontrol: 'exit 1', scancel: 'exit 0', ...programs });
  const context = testContext({ env: { PATH }, clock: fastClock() });
  const outcome = waitForJob(context, record, { jobId: '12', untilReady: false });
  return { context, outcome };
}

const noJob = 'echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1';

test('a job that Slurm no longer knows is reported as unknown', async () => {
  const sacct = 'echo "Slurm accounting storage is disabled" >&2; exit 1';
  expect(await wait({ squeue: noJob, sacct }).outcome).toMatchObject({
    exitCode: 4,
    message: expect.stringMatching(/outcome is unknown: Slurm no longer knows job 12/),
  });
});

test('reads the outcome of a job that Slurm no longer knows from the files of its run', async () => {
  await writeFile(path.join(record.directory, 'result.json'), '{"exitCode":6,"status":"fail"}');
  expect(await wait({ squeue: noJob }).outcome).toMatchObject({ exitCode: 6 });
  await endRecord(record);
  expect(await wait({ squeue: noJob }).outcome).toEqual({ exitCode: 0, message: 'passed' });
});

test('a controller that does not answer is waited for', async () => {
  const flag = path.join(temporaryDirectory(), 'calls');
  const { outcome, context } = wait({
    squeue: `echo x >>${flag}
      [ "$(wc -l <${flag})" -gt 4 ] && echo '12|COMPLETED|None|cpu1|' && exit
      echo 'squeue: error: Unable to contact slurm controller' >&2; exit 1`,
    scontrol: 'echo "JobId=12 JobState=COMPLETED NodeList=cpu1 ExitCode=0:0"',
  });
  expect(await outcome).toMatchObject({ exitCode: 0 });
  expect(context.messages.join()).toMatch(/Slurm does not answer, still waiting/);
});

test('a script that was terminated by preemption is not reported as canceled', async () => {
  await endRecord(record, 'terminated', 143);
  const squeue = `echo '12|PREEMPTED|None|cpu1|'`;
  expect(await wait({ squeue }).outcome).toMatchObject({ exitCode: 4, message: 'the job was preempted' });
});

test.each([
  [String(me), 143, /^canceled$/],
  ['98765', 4, /canceled by the user with id 98765/],
])('reports a script that was terminated by the user with id %s', async (uid, exitCode, message) => {
  await endRecord(record, 'terminated', 143);
  const sacct = `echo '12|CANCELLED by ${uid}|None|cpu1|0:15|30'`;
  const { outcome } = wait({ squeue: `echo '12|CANCELLED|None|cpu1|'`, sacct });
  expect(await outcome).toEqual({ exitCode, message: expect.stringMatching(message) });
});

test('a held job is canceled and reported', async () => {
  const held = path.join(temporaryDirectory(), 'cancelled');
  const { outcome } = wait({
    squeue: `[ -e ${held} ] && echo '12|CANCELLED|None||' || echo '12|PENDING|launch failed requeued held||'`,
    scancel: `touch ${held}`,
  });
  expect(await outcome).toMatchObject({ exitCode: 4, message: expect.stringMatching(/Slurm holds job 12/) });
});

test('a job whose script does not start is reported while it runs', async () => {
  const flag = path.join(temporaryDirectory(), 'calls');
  const { outcome, context } = wait({
    squeue: `echo x >>${flag}; [ "$(wc -l <${flag})" -gt 6 ] && echo '12|TIMEOUT|None|cpu1|' || echo '12|RUNNING|None|cpu1|'`,
  });
  expect(await outcome).toMatchObject({ exitCode: 5 });
  expect(context.messages.join()).toMatch(
    /warning: job 12 is RUNNING on cpu1, and its script has not reported/,
  );
});
