import { expect, test } from '@jest/globals';
import { createGatProject, projectDirectory, quickModels, shell } from '../support/gat-project.ts';
import { describeInLab } from '../support/lab.ts';
import { checkLeaksAfterEach } from '../support/expect-no-leaks.ts';

const fresh = '/home/alice/fresh';

function inFresh(line: string) {
  return shell(line, { cwd: fresh, timeoutMs: 120_000 });
}

describeInLab('a fresh directory', () => {
  checkLeaksAfterEach(async () => {
    await createGatProject();
    await shell(
      `rm -rf ${fresh} && mkdir ${fresh} && cp -rL ${quickModels} ${fresh}/models && ln -s ${projectDirectory}/triton.sif ${fresh}/`,
    );
  });

  test('init reads partitions, GPUs and account from Slurm, and Slurm accepts the rendered script', async () => {
    const made = await inFresh('hpc-gat init');
    expect(made).toMatchObject({ exitCode: 0, stdout: `wrote ${fresh}/hpc-gat.yaml` });
    const { stdout } = await inFresh('hpc-gat render --gpu');
    expect(stdout).toContain('#SBATCH --partition=gpu\n');
    expect(stdout).toContain('#SBATCH --gres=gpu:1\n');
    expect(stdout).toContain('#SBATCH --account=physics\n');
    for (const flags of ['', '--gpu']) {
      const taken = await inFresh(`hpc-gat render ${flags} >script && sbatch --test-only script`);
      expect(taken).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/Job \d+ to start/) });
    }
    expect((await inFresh('hpc-gat init')).exitCode).toBe(2);
  });

  test('submit --gpu works with that file, and logs -f and status --watch follow the run to its end', async () => {
    const waiting = inFresh('hpc-gat submit --gpu --wait --id fresh');
    await inFresh('until [ -e .hpc-gat/runs/fresh/job.json ]; do sleep 0.1; done');
    const looking = inFresh('hpc-gat status --watch --interval 2');
    const following = inFresh('hpc-gat logs -f');
    const interrupted = await inFresh('timeout --preserve-status --signal INT 2 hpc-gat status --watch');
    expect(interrupted.exitCode).toBe(130);
    const [run, status, logs] = await Promise.all([waiting, looking, following]);
    expect(run).toMatchObject({ exitCode: 0 });
    expect(status).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/RUNNING[^]*passed .* exit 0$/),
    });
    expect(logs).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('run fresh has ended: passed'),
    });
    expect(logs.stdout).toMatch(/^server \| /m);
    expect(logs.stdout).toMatch(/^client \| PASS: infer$/m);
  }, 120_000);
});
