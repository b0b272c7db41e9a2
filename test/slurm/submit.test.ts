import { expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { submitScript, UncertainSubmissionError } from '../../src/slurm/submit-script.ts';
import { testContext } from '../support/context.ts';
import { fakePrograms } from '../support/fake-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** A clock that does not sleep. */
const clock = { now: () => new Date(), sleep: () => Promise.resolve() };

function submitWith(programs: Readonly<Record<string, string>>, partition?: string): Promise<string> {
  return submitScript(testContext({ env: { PATH: fakePrograms(programs) } }), '/x/batch.sh', { partition });
}

test.each([
  ['4711', '4711'],
  ['4711;cluster2', '4711;cluster2'],
  ['your job was moved to partition long\n4711', '4711'],
])('parses the output %j of sbatch', async (printed, id) => {
  expect(await submitWith({ sbatch: `printf '%s\\n' "${printed}"` })).toBe(id);
});

test.each([
  'Welcome\\n4711\\nThis job will be charged to account physics; balance 1234 hours.',
  '4711\\n\\n  ',
  '  4711  \\nand more',
  'Submitted batch job 4711',
  'Submitted batch job 4711\\nand even more stuff',
])("finds the id among a site's other lines: %s", async (printed) => {
  expect(await submitWith({ sbatch: `printf '${printed}\\n'` })).toBe('4711');
});

const timedOut =
  'echo "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation" >&2; exit 1';

function submitNamed(programs: Readonly<Record<string, string>>, { later = 0 } = {}) {
  const PATH = fakePrograms(programs);
  const slow = { ...clock, now: () => new Date(Date.now() + later) };
  const context = testContext({ env: { PATH, TZ: process.env.TZ ?? 'UTC' }, clock: slow });
  return { context, submitted: submitScript(context, '/x/.hpc-gat/runs/a/batch.sh', { name: 'hpc-gat-a' }) };
}

/** Returns the line of squeue for a job that was just submitted. */
const queued = (id: string, state = 'PENDING', command = '/x/.hpc-gat/runs/a/batch.sh') =>
  `echo "${id}|${state}|None||$(date +%FT%T)|hpc-gat-a|${command}"`;

test.each([
  ['loses the answer', timedOut],
  ['is killed', 'kill -KILL $$'],
  ['prints no id', 'echo Welcome'],
  ['prints two numbers', 'echo 4711; echo 1234'],
  ['is refused after all', 'echo "sbatch: error: something unknown" >&2; exit 1'],
])('adopts the job that is in the queue when sbatch %s', async (_name, sbatch) => {
  const asked = `case "$*" in *--name=hpc-gat-a*) ${queued('4711')} ;; esac`;
  const { submitted, context } = submitNamed({ sbatch, squeue: asked });
  expect(await submitted).toBe('4711');
  expect(context.messages.join()).toMatch(/in the queue nevertheless, as 4711/);
});

test('searches again for a job that a busy controller queues late', async () => {
  const flag = `${temporaryDirectory()}/asked`;
  const squeue = `[ -e ${flag} ] && ${queued('4711')}; touch ${flag}`;
  expect(await submitNamed({ sbatch: timedOut, squeue }).submitted).toBe('4711');
});

test('adopts the job of a copy of the script, and none of another run', async () => {
  const other = queued('4710', 'PENDING', '/y/.hpc-gat/runs/a/batch.sh');
  const copy = queued('4712', 'PENDING', '/tmp/sbatch.x');
  expect(await submitNamed({ sbatch: timedOut, squeue: `${other}; ${copy}` }).submitted).toBe('4712');
});

test('keeps one of two jobs that a repeated sbatch has left', async () => {
  const cancelled = `${temporaryDirectory()}/cancelled`;
  const { submitted } = submitNamed({
    sbatch: timedOut,
    scancel: `echo "$*" >>${cancelled}`,
    squeue: `case "$*" in *--name*) ${queued('4712')}; ${queued('4711')} ;; esac`,
  });
  expect(await submitted).toBe('4711');
  expect(readFileSync(cancelled, 'utf8')).toBe('4712\n');
});

test('does not adopt an earlier run with the same id', async () => {
  const refused = 'echo "sbatch: error: Invalid qos specification" >&2; exit 1';
  for (const state of ['COMPLETED', 'RUNNING']) {
    const { submitted } = submitNamed(
      { sbatch: refused, squeue: queued('4711', state) },
      { later: 3_600_000 },
    );
    await expect(submitted).rejects.toThrow(/^sbatch refused the job: Invalid qos/);
  }
});

test('does not query a controller that sbatch did not reach', async () => {
  const asked = `${temporaryDirectory()}/asked`;
  const sbatch =
    'echo "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)" >&2; exit 1';
  const { submitted } = submitNamed({ sbatch, squeue: `touch ${asked}; exit 1` });
  await expect(submitted).rejects.toThrow(/^sbatch refused the job: .*connect failure/);
  expect(existsSync(asked)).toBe(false);
});

test.each([
  ['squeue does not answer', 'exit 1', /squeue does not report whether the job was queued/],
  ['the queue does not show it', '', /squeue does not show that the job was queued/],
])('a lost answer gives an uncertain result when %s', async (_name, squeue, message) => {
  const { submitted } = submitNamed({ sbatch: timedOut, squeue });
  await expect(submitted).rejects.toBeInstanceOf(UncertainSubmissionError);
  await expect(submitted).rejects.toMatchObject({ exitCode: 4, message: expect.stringMatching(message) });
});

test("passes on the messages of a site's job filter", async () => {
  const sbatch = `echo 'moved to partition long'; echo 'sbatch: budget: 3 hours left' >&2; echo 4711`;
  const context = testContext({ env: { PATH: fakePrograms({ sbatch }) } });
  expect(await submitScript(context, '/x/batch.sh')).toBe('4711');
  expect(context.messages).toEqual(['moved to partition long', 'sbatch: budget: 3 hours left']);
});

test('reports an answer without an id', async () => {
  await expect(submitWith({ sbatch: 'echo ok' })).rejects.toMatchObject({ exitCode: 4 });
});

test.each([
  ['invalid partition specified: gpux', /did you mean "gpu"\? partitions here: cpu, gpu/],
  ['Batch job submission failed: Invalid account or account/partition combination specified', /--account/],
  ['Batch job submission failed: Invalid qos specification', /--qos/],
  ['Batch job submission failed: Requested node configuration is not available', /sinfo/],
])('reports the error %j of sbatch', async (errorText, fix) => {
  const sbatch = `echo "sbatch: error: ${errorText}" >&2; exit 1`;
  await expect(submitWith({ sbatch, sinfo: 'printf "cpu\\ngpu\\n"' }, 'gpux')).rejects.toMatchObject({
    exitCode: 4,
    message: `sbatch refused the job: ${errorText}`,
    fix: expect.stringMatching(fix),
  });
});

test("reports sbatch's reason even when sinfo does not answer", async () => {
  const sbatch = 'echo "sbatch: error: invalid partition specified: gpux" >&2; exit 1';
  await expect(submitWith({ sbatch, sinfo: 'exit 1' }, 'gpux')).rejects.toMatchObject({
    exitCode: 4,
    message: 'sbatch refused the job: invalid partition specified: gpux',
  });
});
