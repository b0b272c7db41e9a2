import { beforeAll, expect, test } from '@jest/globals';
import { hpcGat, createGatProject, projectDirectory, shell } from '../support/gat-project.ts';
import { describeInLab, type LabResult } from '../support/lab.ts';

/** Expects one clear message with a fix, and neither a stack trace nor a bug report. */
function expectError({ exitCode, stderr }: LabResult, code: number, message: RegExp, fix: RegExp): void {
  expect({ exitCode, stderr }).toEqual({ exitCode: code, stderr: expect.stringMatching(message) });
  expect(stderr).toMatch(new RegExp(`fix: .*${fix.source}`));
  expect(stderr).not.toMatch(/bug| {4}at /);
}

describeInLab('errors', () => {
  beforeAll(createGatProject, 300_000);

  test('an unknown partition is reported with the known ones, and leaves no run behind', async () => {
    const result = await hpcGat(['submit', '--partition', 'gpuu', '--id', 'nowhere']);
    expectError(
      result,
      4,
      /sbatch refused the job: .*invalid partition/i,
      /did you mean "gpu"\? partitions here: .*cpu/,
    );
    expect((await shell('ls .hpc-gat/runs')).stdout).not.toContain('nowhere');
  });

  test('a missing image is reported with the command that creates it', async () => {
    expectError(await hpcGat(['submit', '--image', 'no.sif']), 2, /no image at .*\/no\.sif/, /make-sif/);
  });

  test('a missing model is reported with the directory that was searched', async () => {
    expectError(
      await hpcGat(['run', '--model', 'nosuch']),
      2,
      /no model "nosuch" at .*models\/nosuch/,
      /model\.name/,
    );
  });

  test('a host without Slurm is reported', async () => {
    const result = await hpcGat(['submit'], { env: { PATH: '/usr/local/bin' } });
    expectError(result, 3, /sbatch is not on this host/, /login node/);
  });

  test('a node without Apptainer is reported', async () => {
    await shell('mkdir -p bare/bin && ln -sf /usr/bin/* bare/bin && rm -f bare/bin/{apptainer,singularity}');
    const settings = JSON.stringify({ site: 'lab', setup: [`PATH=${projectDirectory}/bare/bin`] });
    await shell('cat >bare/hpc-gat.yaml', { input: settings });
    const reason = /neither apptainer nor singularity is on the PATH of the node; fix: .*module load/;
    for (const verb of ['run', 'start']) {
      const result = await hpcGat([
        ...[verb, '--json', '--config', 'bare/hpc-gat.yaml', '--image', 'triton.sif', '--models', 'models'],
      ]);
      expect(result.exitCode).toBe(3);
      expect(result.stderr).toMatch(reason);
      expect(result.stderr).not.toMatch(/bug/);
      expect(JSON.parse(result.stdout)).toMatchObject({
        exitCode: 3,
        message: expect.stringMatching(reason),
      });
    }
  });

  test('broken YAML is reported with file, line and column', async () => {
    await shell('mkdir -p broken && printf "slurm:\\n  partition: [\\n" >broken/hpc-gat.yaml');
    const result = await hpcGat(['submit', '--config', 'broken/hpc-gat.yaml']);
    expectError(result, 2, /broken\/hpc-gat\.yaml:\d+:\d+: /, /correct the YAML/);
  });

  test('an unknown key is reported with the most similar one', async () => {
    await shell('mkdir -p typo && printf "slurm: { acount: x }\\n" >typo/hpc-gat.yaml');
    const result = await hpcGat(['render', '--config', 'typo/hpc-gat.yaml']);
    expectError(result, 2, /slurm\.acount: unknown key; did you mean "account"\?/, /correct/);
  });
});
