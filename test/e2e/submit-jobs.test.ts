import { expect, test } from '@jest/globals';
import { unzipSync, zipSync } from 'fflate';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setGpu } from '../../src/lab/faults.ts';
import { packageRoot } from '../../src/support/package/package-root.ts';
import { describeInLab } from '../support/lab.ts';
import { testLab } from '../support/test-lab.ts';
import { checkLeaksAfterEach } from '../support/expect-no-leaks.ts';
import {
  fewRequests,
  hpcGat,
  createGatProject,
  projectDirectory,
  quickModels,
  shell,
  tritonImage,
} from '../support/gat-project.ts';

const longMs = 180_000;

async function file(run: string, name: string): Promise<string> {
  return (await shell(`cat ${projectDirectory}/.hpc-gat/runs/${run}/${name}`)).stdout;
}

describeInLab('submit', () => {
  checkLeaksAfterEach(createGatProject);

  test(
    'with --gpu --wait starts Triton on a GPU node, tests the model and leaves nothing running',
    async () => {
      const { exitCode, stdout, stderr } = await hpcGat([
        ...['submit', '--gpu', '--wait', '--models', fewRequests, '--id', 'gpu'],
      ]);
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
      expect(stdout.trimEnd().split('\n').at(-1)).toBe('PASS: infer');
      expect(stderr).toMatch(/job \d+: (PENDING|RUNNING)/);
      expect(JSON.parse(await file('gpu', 'result.json'))).toMatchObject({
        status: 'pass',
        exitCode: 0,
        image: { source: `docker-daemon:${tritonImage}`, sifSha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      });
      expect(await file('gpu', 'server.log')).toContain("successfully unloaded 'gat_test'");
      expect((await hpcGat(['status', 'gpu', '--json'])).stdout).toContain('"state": "passed"');
      expect((await hpcGat(['cleanup'])).stdout.trim()).toBe('nothing to clean up');
    },
    longMs,
  );

  test('submits the script that render prints, whatever SBATCH_* and SLURM_* are', async () => {
    const env = { SBATCH_PARTITION: 'gpu', SBATCH_TIMELIMIT: '1', SBATCH_JOB_NAME: 'x', SLURM_JOB_ID: '77' };
    const options = ['--id', 'printed', '--sbatch', 'comment=a "b" \\ #c', '--sbatch', 'hold'];
    const rendered = await hpcGat(['render', ...options], { env });
    const submitted = await hpcGat(['submit', '--json', ...options], { env });
    const { job } = JSON.parse(submitted.stdout) as { job: string };
    expect((await shell(`scontrol write batch_script ${job} -`)).stdout).toBe(rendered.stdout);
    const shown = (await shell(`scontrol show job ${job}`)).stdout;
    expect(shown).toContain('JobName=hpc-gat-printed');
    expect(shown).toContain('Partition=cpu');
    expect(shown).toContain('TimeLimit=00:10:00');
    expect(shown).toContain('Comment=a "b" \\ #c');
    expect((await hpcGat(['cleanup', 'printed'])).exitCode).toBe(0);
    expect((await shell(`squeue --noheader --jobs=${job} --states=PENDING,RUNNING`)).stdout).toBe('');
  });

  test(
    'a job for a named cluster is followed, tested and cleaned up there',
    async () => {
      const cluster = (await shell("scontrol show config | sed -n 's/^ClusterName *= //p'")).stdout.trim();
      const options = ['--sbatch', `clusters=${cluster}`, '--models', quickModels];
      const tested = await hpcGat(['submit', ...options, '--wait', '--id', 'there']);
      expect({ exitCode: tested.exitCode, stderr: tested.stderr }).toMatchObject({ exitCode: 0 });
      const held = await hpcGat(['submit', ...options, '--json', '--id', 'held', '--sbatch', 'hold']);
      const { job } = JSON.parse(held.stdout) as { job: string };
      expect(job).toMatch(new RegExp(`^\\d+;${cluster}$`));
      const [number = ''] = job.split(';');
      const states = JSON.parse((await hpcGat(['status', number, '--json'])).stdout) as object[];
      expect(states).toMatchObject([{ id: 'held', jobId: job, state: 'PENDING', active: true }]);
      const ended = await hpcGat(['cleanup', 'held']);
      expect(ended).toMatchObject({ exitCode: 0, stdout: `held: cancel job ${job} (PENDING)` });
      expect((await hpcGat(['status', 'held'])).stdout).toMatch(/CANCELLED/);
    },
    longMs,
  );

  test(
    'with --gpu, rejects a container without a GPU unless --allow-cpu accepts it',
    async () => {
      await setStandInGpus('broken');
      try {
        const refused = await hpcGat(['submit', '--gpu', '--wait', '--id', 'no-gpu']);
        expect(refused.exitCode).toBe(1);
        expect(refused.stderr).toMatch(/no GPU is visible in the container/);
        expect(refused.stderr).toMatch(/--allow-cpu/);
        const accepted = await hpcGat([
          ...['submit', '--gpu', '--allow-cpu', '--wait'],
          ...['--models', quickModels, '--id', 'cpu-accepted'],
        ]);
        expect(accepted.exitCode).toBe(0);
        expect(accepted.stderr).toMatch(/continuing without one/);
      } finally {
        await setStandInGpus('ok');
      }
    },
    longMs,
  );

  test(
    'exits with 6 when a model of that name has other weights',
    async () => {
      await shell('rm -rf wrong && cp -r models wrong && base64 --decode >wrong/gat_test/1/model.pt', {
        input: await otherWeights(),
      });
      const { exitCode, stdout, stderr } = await hpcGat([
        'submit',
        '--wait',
        '--models',
        'wrong',
        '--id',
        'wrong',
      ]);
      expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: 6 });
      expect(stdout).toMatch(/FAIL: .*(isolated|small|cora)/);
      expect(stderr).toMatch(/wrong answer/);
    },
    longMs,
  );

  test(
    'scancel while the model loads or is tested ends everything, with exit code 143',
    async () => {
      const waiting = hpcGat(['submit', '--gpu', '--wait', '--id', 'cancelled']);
      await shell(
        'until grep -q server-started .hpc-gat/runs/cancelled/events.jsonl 2>/dev/null; do sleep 0.2; done',
      );
      await shell('scancel "$(jq -r .jobId .hpc-gat/runs/cancelled/job.json)"');
      const { exitCode, stderr } = await waiting;
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 143 });
      expect(stderr).toMatch(/cancelled/);
      expect((await hpcGat(['cleanup'])).stdout.trim()).toBe('nothing to clean up');
    },
    longMs,
  );
});

async function setStandInGpus(state: 'ok' | 'broken'): Promise<void> {
  const lab = await testLab();
  await setGpu(lab, 'gpu1', state);
  await setGpu(lab, 'gpu2', state);
}

/** Creates the committed model with half of its largest tensor set to zero. */
async function otherWeights(): Promise<string> {
  const model = unzipSync(await readFile(path.join(packageRoot, 'models', 'gat_test', '1', 'model.pt')));
  const tensor = model['model/constants/0'];
  if (tensor === undefined) {
    throw new Error('model.pt is not laid out as this test expects');
  }
  tensor.fill(0, tensor.length / 2);
  return Buffer.from(zipSync(model, { level: 0 })).toString('base64');
}
