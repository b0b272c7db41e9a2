import { expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { submitRun } from '../../src/run/submit-run.ts';
import { InterruptedError } from '../../src/support/errors.ts';
import { packageRoot } from '../../src/support/package/package-root.ts';
import { testContext } from '../support/context.ts';
import { fakePrograms } from '../support/fake-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { sampleSettings } from './plan/sample-plan.ts';

const options = { gpu: false, allowCpu: false, serve: false };

test('options required by the site are checked before anything is created', async () => {
  const root = temporaryDirectory();
  const project = { root, site: 'ncsa-delta', needs: ['account'] as const, settings: sampleSettings() };
  await expect(submitRun(testContext(), project, options)).rejects.toMatchObject({
    exitCode: 2,
    message: 'site ncsa-delta requires --account for every job',
    fix: 'use --account NAME, or set slurm.account in hpc-gat.yaml',
  });
  expect(existsSync(path.join(root, '.hpc-gat'))).toBe(false);
});

/** Submits with fake programs of Slurm; sbatch gets the script as its second argument. */
async function submitWith(sbatch: string, signal = new AbortController().signal, squeue = 'exit 1') {
  const root = temporaryDirectory();
  await cp(path.join(packageRoot, 'models'), path.join(root, 'models'), { recursive: true });
  await writeFile(path.join(root, 'triton.sif'), '');
  const cancelled = path.join(root, 'cancelled');
  const PATH = fakePrograms({ sbatch, scancel: `echo "$*" >>'${cancelled}'`, squeue });
  const project = { root, site: 'generic', settings: sampleSettings() };
  const clock = { now: () => new Date(), sleep: () => Promise.resolve() };
  const context = testContext({ env: { PATH }, cwd: root, signal, clock });
  return {
    submitted: submitRun(context, project, options),
    runs: path.join(root, '.hpc-gat', 'runs'),
    cancelled,
  };
}

test('a job whose id cannot be recorded is canceled', async () => {
  const { submitted, runs, cancelled } = await submitWith(
    'mkdir -p "$(dirname "$2")/job.json/full"; echo "4711;c2"',
  );
  await expect(submitted).rejects.toMatchObject({ path: expect.stringContaining('job.json') });
  expect(await readFile(cancelled, 'utf8')).toBe('--clusters=c2 4711\n');
  expect(await readdir(runs)).toEqual([]);
});

test('Ctrl-C during sbatch waits for its answer, and cancels the job', async () => {
  const control = new AbortController();
  const flag = path.join(temporaryDirectory(), 'asked');
  const { submitted, runs, cancelled } = await submitWith(
    `touch '${flag}'; sleep 0.5; echo 4711`,
    control.signal,
  );
  submitted.catch(() => undefined);
  while (!existsSync(flag)) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  control.abort(new InterruptedError('SIGINT'));
  await expect(submitted).rejects.toMatchObject({ exitCode: 130 });
  expect(await readFile(cancelled, 'utf8')).toBe('4711\n');
  expect(await readdir(runs)).toEqual([]);
});

const lostAnswer = 'echo "sbatch: error: Socket timed out on send/recv operation" >&2; exit 1';

test('a job whose id is lost is found and used', async () => {
  const squeue = 'echo "4711|PENDING|Priority||$(date +%FT%T)||"';
  const { submitted, runs } = await submitWith(lostAnswer, undefined, squeue);
  const { record, jobId } = await submitted;
  expect(jobId).toBe('4711');
  expect(await record.jobId()).toBe('4711');
  expect(await readdir(runs)).toEqual([record.id]);
});

test('the run directory of a job that may be queued is kept', async () => {
  const { submitted, runs } = await submitWith(lostAnswer);
  await expect(submitted).rejects.toMatchObject({
    exitCode: 4,
    fix: expect.stringMatching(/hpc-gat status .* finds the job by its name/),
  });
  expect(await readdir(runs)).toHaveLength(1);
});

test('a rejected job leaves no run directory', async () => {
  const refused = 'echo "sbatch: error: Invalid qos specification" >&2; exit 1';
  const { submitted, runs } = await submitWith(refused, undefined, '');
  await expect(submitted).rejects.toMatchObject({ exitCode: 4 });
  expect(await readdir(runs)).toEqual([]);
});
