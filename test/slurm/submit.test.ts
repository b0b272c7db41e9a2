import { expect, test } from '@jest/globals';
import { submitScript } from '../../src/slurm/submit.ts';
import { testContext } from '../support/context.ts';
import { fakePrograms } from '../support/fake-program.ts';

function submitWith(programs: Readonly<Record<string, string>>, partition?: string): Promise<string> {
  return submitScript(testContext({ env: { PATH: fakePrograms(programs) } }), '/x/batch.sh', { partition });
}

test.each([
  ['4711', '4711'],
  ['4711;cluster2', '4711;cluster2'],
  ['your job was moved to partition long\n4711', '4711'],
])('sbatch that prints %j', async (printed, id) => {
  expect(await submitWith({ sbatch: `printf '%s\\n' "${printed}"` })).toBe(id);
});

test("what a site's job filter says is handed on", async () => {
  const sbatch = `echo 'moved to partition long'; echo 'sbatch: budget: 3 hours left' >&2; echo 4711`;
  const context = testContext({ env: { PATH: fakePrograms({ sbatch }) } });
  expect(await submitScript(context, '/x/batch.sh')).toBe('4711');
  expect(context.messages).toEqual(['moved to partition long', 'sbatch: budget: 3 hours left']);
});

test('an answer without an id is an error', async () => {
  await expect(submitWith({ sbatch: 'echo ok' })).rejects.toMatchObject({ exitCode: 4 });
});

test.each([
  ['invalid partition specified: gpux', /did you mean "gpu"\? partitions here: cpu, gpu/],
  ['Batch job submission failed: Invalid account or account/partition combination specified', /--account/],
  ['Batch job submission failed: Invalid qos specification', /--qos/],
  ['Batch job submission failed: Requested node configuration is not available', /sinfo/],
])('sbatch that says %j', async (said, fix) => {
  const sbatch = `echo "sbatch: error: ${said}" >&2; exit 1`;
  await expect(submitWith({ sbatch, sinfo: 'printf "cpu\\ngpu\\n"' }, 'gpux')).rejects.toMatchObject({
    exitCode: 4,
    message: `sbatch refused the job: ${said}`,
    fix: expect.stringMatching(fix),
  });
});

test("sbatch's reason is told even when sinfo does not answer", async () => {
  const sbatch = 'echo "sbatch: error: invalid partition specified: gpux" >&2; exit 1';
  await expect(submitWith({ sbatch, sinfo: 'exit 1' }, 'gpux')).rejects.toMatchObject({
    exitCode: 4,
    message: 'sbatch refused the job: invalid partition specified: gpux',
  });
});
