import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { packageRoot } from '../../src/support/package/package-root.ts';
import { hpcGat, createGatProject, projectDirectory, tritonImage } from '../support/gat-project.ts';
import { describeInLab, labExec, type LabResult } from '../support/lab.ts';
import { testLab } from '../support/test-lab.ts';
import { installPackages } from '../support/python-packages.ts';

const sif = `${projectDirectory}/triton.sif`;
const committed = '/opt/hpc-gat/models/gat_test';
/** The directory is on the shared file system of all nodes. */
const directory = '/scratch/model';
const longMs = 180_000;

/** Runs a line of bash in the test's own directory. */
function shell(line: string): Promise<LabResult> {
  return labExec('login', ['bash', '-c', line], { cwd: directory, timeoutMs: longMs });
}

/**
 * Runs a program inside the image as docs/guides/bundled-image-and-model.md describes, with the training's code and
 * packages bound.
 */
function inImage(...argv: string[]): Promise<LabResult> {
  const binds = [
    '/opt/hpc-gat/defs/gat-training:/mnt/training:ro',
    `${directory}/packages:/mnt/packages:ro`,
    `${committed}:/mnt/committed:ro`,
    `${directory}/out:/mnt/out`,
  ];
  // On busy processors this is faster than two threads, at half the processor time
  // (docs/guides/bundled-image-and-model.md).
  const env = 'PYTHONPATH=/mnt/packages,OMP_NUM_THREADS=1';
  const apptainer = ['apptainer', 'exec', '--cleanenv', '--no-home', '--env', env];
  return labExec('login', [...apptainer, '--bind', binds.join(), sif, ...argv], {
    cwd: directory,
    timeoutMs: longMs,
  });
}

/** Removes the directory; the packages in it belong to the host's root. */
async function removeDirectory(): Promise<void> {
  await labExec('login', ['rm', '-rf', directory], { user: 'root' });
}

/** Trains on the deterministic graph into a model repository of that name, and returns the report in the last line. */
async function train(repository: string, ...options: string[]): Promise<unknown> {
  const script = [
    'python3',
    '/mnt/training/train.py',
    '--synthetic',
    '--out',
    `/mnt/out/${repository}/gat_test`,
  ];
  return lastJsonLine(await inImage(...script, ...options));
}

/** Returns a line of bash that leaves three random requests in the workload of a repository. */
const fewer = (repository: string) =>
  `sed -i 's/requests: 50/requests: 3/' out/${repository}/gat_test/workload.yaml`;

function lastJsonLine({ exitCode, stdout, stderr }: LabResult): unknown {
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
}

/** Program that prints the accuracy of a model on the held-out nodes, computed without the training's code. */
const countRight = `
import sys, torch
sys.path.insert(0, '/mnt/training')
from graphs import make_cora_like
graph = make_cora_like(0)
model = torch.jit.load(sys.argv[1])
classes = model(torch.from_numpy(graph.features), torch.from_numpy(graph.edges)).argmax(1).numpy()
print(float((classes == graph.labels)[graph.test].mean()))
`;

describeInLab('the image of Triton', () => {
  beforeAll(createGatProject, 300_000);

  test("has the layout of NVIDIA's image", async () => {
    const look = `
      cd /opt/tritonserver
      stat --format='%A %n' bin/tritonserver backends/python/* backends/pytorch/*
      command -v tritonserver`;
    const { exitCode, stdout, stderr } = await labExec('login', [
      ...['apptainer', 'exec', '--cleanenv', '--no-home', sif, 'sh', '-c', look],
    ]);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(stdout.trim().split('\n')).toEqual(
      expect.arrayContaining([
        '-rwxr-xr-x bin/tritonserver',
        '-rw-r--r-- backends/python/libtriton_python.so',
        '-rwxr-xr-x backends/python/triton_python_backend_stub',
        '-rw-r--r-- backends/python/triton_python_backend_utils.py',
        '-rw-r--r-- backends/pytorch/model.py',
        '/opt/tritonserver/bin/tritonserver',
      ]),
    );
  });

  test('starts the server by the command in the runscript of the SIF', async () => {
    const { stdout } = await labExec('login', ['apptainer', 'inspect', '--runscript', sif]);
    expect(stdout).toContain(`OCI_ENTRYPOINT=''\n`);
    expect(stdout).toContain(`OCI_CMD='"tritonserver" "--model-repository=/models"'\n`);
  });

  test('has the configuration that Docker reports in the manifest of the SIF', async () => {
    const asked = await labExec('workstation', ['docker', 'image', 'inspect', tritonImage]);
    const [image] = JSON.parse(asked.stdout) as [{ Id: string; Config: Record<string, unknown> }];
    const recorded = JSON.parse((await labExec('login', ['cat', `${sif}.json`])).stdout) as unknown;
    expect(recorded).toMatchObject({
      source: `docker-daemon:${tritonImage}`,
      identity: { kind: 'docker-daemon', imageId: image.Id },
      image: {
        architecture: 'amd64',
        os: 'linux',
        entrypoint: [],
        cmd: ['tritonserver', '--model-repository=/models'],
        env: image.Config.Env,
        labels: image.Config.Labels,
      },
    });
    expect(image.Config.Env).toEqual(
      expect.arrayContaining([expect.stringMatching(/^PATH=\/opt\/tritonserver\/bin:/)]),
    );
  });
});

describeInLab('the model gat_test', () => {
  let fresh: Promise<unknown>;
  let other: Promise<unknown>;

  beforeAll(async () => {
    await createGatProject();
    await removeDirectory();
    expect(await labExec('login', ['mkdir', '-p', `${directory}/out`])).toMatchObject({ exitCode: 0 });
    const { directory: labDirectory } = await testLab();
    await installPackages('gat-training', path.join(labDirectory, directory, 'packages'));
    // Each training uses one processor.
    fresh = train('fresh', '--epochs', '20');
    other = train('other', '--seed', '1', '--epochs', '5');
    await Promise.allSettled([fresh, other]);
  }, 600_000);
  afterAll(removeDirectory);

  test(
    'as committed reproduces its reference, with the accuracy of training.json',
    async () => {
      const report = lastJsonLine(await inImage('python3', '/mnt/training/check.py', '/mnt/committed'));
      expect(report).toEqual({
        ok: true,
        tolerance: 1e-4,
        maxAbsoluteDifference: {
          isolated: expect.any(Number),
          small: expect.any(Number),
          cora: expect.any(Number),
        },
      });
      const { maxAbsoluteDifference } = report as { maxAbsoluteDifference: Record<string, number> };
      expect(Math.max(...Object.values(maxAbsoluteDifference))).toBeLessThanOrEqual(1e-4);

      const json = await readFile(path.join(packageRoot, 'models', 'gat_test', 'training.json'), 'utf8');
      const { data, testAccuracy } = JSON.parse(json) as { data: string; testAccuracy: number };
      expect(data).toBe('synthetic');
      const counted = lastJsonLine(
        await inImage('python3', '-c', countRight, '/mnt/committed/1/model.pt'),
      ) as number;
      expect(counted).toBeGreaterThan(0.9);
      expect(Math.abs(counted - testAccuracy)).toBeLessThan(0.005);
    },
    longMs,
  );

  test(
    'is accurate after training, is served, and passes with its own reference',
    async () => {
      const report = await fresh;
      expect(report).toMatchObject({ data: 'synthetic', seed: 0, epochs: 20 });
      const counted = await inImage('python3', '-c', countRight, '/mnt/out/fresh/gat_test/1/model.pt');
      expect(lastJsonLine(counted)).toBeGreaterThan(0.9);
      expect((report as { testAccuracy: number }).testAccuracy).toBeCloseTo(Number(counted.stdout), 3);

      await shell(
        `cp ${committed}/config.pbtxt ${committed}/workload.yaml out/fresh/gat_test/ && ${fewer('fresh')}`,
      );
      const { exitCode, stdout, stderr } = await hpcGat(['run', '--models', `${directory}/out/fresh`]);
      expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: 0 });
      expect(stdout.trimEnd().split('\n').at(-1)).toBe('PASS: infer');
    },
    longMs,
  );

  test(
    'is distinguished from the committed one when it is trained from another seed, by check.py and by a run',
    async () => {
      await other;
      await shell(
        `cp ${committed}/{config.pbtxt,workload.yaml,reference.npz} out/other/gat_test/ && ${fewer('other')}`,
      );
      const checked = await inImage('python3', '/mnt/training/check.py', '/mnt/out/other/gat_test');
      expect(checked).toMatchObject({ exitCode: 1 });
      expect(checked.stdout).toContain('"ok": false');

      const { exitCode, stdout, stderr } = await hpcGat(['run', '--models', `${directory}/out/other`]);
      expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: 6 });
      expect(stdout).toMatch(/FAIL: .*(isolated|small|cora)/);
    },
    longMs,
  );
});
