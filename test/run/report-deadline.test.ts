import { expect, test } from '@jest/globals';
import { ReportDeadline, TolerantReader } from '../../src/run/report-deadline.ts';
import { RunDirectory } from '../../src/run/record/run-directory.ts';
import { waitForJob } from '../../src/run/wait.ts';
import { HpcGatError } from '../../src/support/errors.ts';
import { testContext } from '../support/context.ts';
import { fakePrograms } from '../support/fake-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { sampleRecord } from './record/sample-record.ts';

/** Creates a clock whose sleeps take no time; `after` runs a function when that many milliseconds have passed. */
function fastClock(after = { ms: Number.POSITIVE_INFINITY, act: () => Promise.resolve() }) {
  let nowMs = 0;
  let isDone = false;
  return {
    now: () => new Date(nowMs),
    sleep: async (ms: number) => {
      nowMs += ms;
      if (!isDone && nowMs >= after.ms) {
        isDone = true;
        await after.act();
      }
      // The called programs need the real time.
      await new Promise((resolve) => setTimeout(resolve, 2));
    },
  };
}

test('waits for a report as long as NFS can hide it, with one message', async () => {
  const clock = fastClock();
  const context = testContext({ clock });
  const deadline = new ReportDeadline(context, new RunDirectory('/proc/nothing'));
  const passed = () => deadline.hasPassed('job 7 has ended as COMPLETED', { hasStarted: true });
  while (!(await passed())) {
    await clock.sleep(200);
  }
  expect(clock.now().getTime()).toBeGreaterThanOrEqual(65_000);
  expect(context.messages).toEqual([
    'job 7 has ended as COMPLETED; its report may take up to 65 s to become visible in /proc/nothing',
  ]);
});

test('does not wait for the report of a job that never started', async () => {
  const clock = fastClock();
  const deadline = new ReportDeadline(testContext({ clock }), new RunDirectory('/proc/nothing'));
  const passed = () => deadline.hasPassed('job 7 has ended as CANCELLED', { hasStarted: false });
  expect(await passed()).toBe(false);
  await clock.sleep(3_000);
  expect(await passed()).toBe(true);
});

test.each([
  ['COMPLETED', '0:0', 0],
  ['FAILED', '3:0', 3],
])('a job that ended as %s %s without a visible report ends with %i', async (state, code, exitCode) => {
  const record = await sampleRecord(temporaryDirectory(), 'a', '7');
  const PATH = fakePrograms({
    squeue: `echo '7|${state}|None|cpu1|'`,
    sacct: `echo '7|${state}|None|cpu1|${code}'`,
  });
  const context = testContext({ clock: fastClock(), env: { PATH } });
  const outcome = await waitForJob(context, record, { jobId: '7', untilReady: false });
  expect(outcome?.exitCode).toBe(exitCode);
});

test('a wait survives an unavailable file server, and reports it once', async () => {
  const context = testContext();
  const reader = new TolerantReader(context);
  const stale = new HpcGatError('ended.json cannot be read: ESTALE', {
    cause: Object.assign(new Error(), { code: 'ESTALE' }),
  });
  const failing = (): Promise<number> => Promise.reject(stale);
  const results = [await reader.attempt(failing), await reader.attempt(failing)];
  expect(results).toEqual([undefined, undefined]);
  expect(await reader.attempt(() => Promise.resolve(1))).toBe(1);
  expect(context.messages).toEqual([
    'the file system does not answer, still waiting: ended.json cannot be read: ESTALE',
  ]);
  await expect(reader.attempt(() => Promise.reject(new Error('another')))).rejects.toThrow('another');
});
