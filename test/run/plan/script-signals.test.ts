import { expect, test } from '@jest/globals';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { ScriptRun } from '../../support/script-run.ts';

const preemptedLine = '*** JOB 7 ON cpu1 CANCELLED AT 2026-01-02T03:04:05 DUE TO PREEMPTION ***';

test.each([
  ['SIGTERM', preemptedLine, '', 4, 'preempted'],
  ['SIGTERM', preemptedLine.replace('JOB 7', 'JOB 6'), '', 143, 'terminated'],
  [
    'SIGTERM',
    `${preemptedLine}\n*** JOB 7 ON cpu2 CANCELLED AT 2026-01-02T03:14:05 ***`,
    '',
    143,
    'terminated',
  ],
  ['SIGTERM', '*** JOB 7 ON cpu1 CANCELLED AT 2026-01-02T03:04:05 ***', '', 143, 'terminated'],
  ['SIGTERM', preemptedLine.replace('PREEMPTION', 'TIME LIMIT'), '', 5, 'walltime'],
  ['SIGUSR1', '', 'JobState=RUNNING PreemptTime=2026-01-02T03:04:05', 4, 'preempted'],
  ['SIGUSR1', '', 'JobState=RUNNING PreemptTime=None', 0, 'served'],
] as const)(
  'classifies the end after %s, with "%s" in the log and "%s" from Slurm',
  async (signal, line, shown, code, reason) => {
    const run = await ScriptRun.create({}, { serve: true }, { others: { scontrol: `echo '${shown}'` } });
    await writeFile(path.join(run.plan.runDirectory, 'batch.log'), `${line}\n`);
    const running = run.start({ SLURM_JOB_ID: '7' });
    await run.untilLog('serving at');
    running.kill(signal);
    expect(await running.ended).toBe(code);
    expect(run.endedReason()).toBe(reason);
  },
);

test('assumes no preemption outside a job', async () => {
  const run = await ScriptRun.create({}, { serve: true });
  await writeFile(path.join(run.plan.runDirectory, 'batch.log'), `${preemptedLine}\n`);
  const running = run.start();
  await run.untilLog('serving at');
  running.kill('SIGTERM');
  expect(await running.ended).toBe(143);
});

test('creates nothing on a node without the run directory, and removes only the directories that Slurm creates', async () => {
  const run = await ScriptRun.create({});
  const script = await readFile(path.join(run.plan.runDirectory, 'batch.sh'), 'utf8');
  const project = path.join(run.root, 'empty', 'project');
  const runDirectory = path.join(project, '.hpc-gat', 'runs', 'sample');
  await mkdir(runDirectory, { recursive: true });
  await writeFile(path.join(runDirectory, 'batch.log'), '');
  const { exitCode, stdout } = await execa('bash', {
    input: script.replaceAll(run.plan.runDirectory, runDirectory),
    env: { PATH: '/usr/bin:/bin', SLURM_JOB_ID: '7' },
    extendEnv: false,
    reject: false,
  });
  expect({ exitCode, stdout }).toEqual({
    exitCode: 1,
    stdout: expect.stringMatching(/not on this node: .*runs/),
  });
  expect(await readdir(project)).toEqual([]);
});
