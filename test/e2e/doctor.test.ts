import { beforeAll, expect, test } from '@jest/globals';
import { setGpu } from '../../src/lab/faults.ts';
import { hpcGat, createGatProject, quickModels, shell } from '../support/gat-project.ts';
import { describeInLab } from '../support/lab.ts';
import { testLab } from '../support/test-lab.ts';

describeInLab('doctor', () => {
  beforeAll(createGatProject, 300_000);

  test('finds the login node healthy, and starts the image', async () => {
    const { exitCode, stdout } = await hpcGat(['doctor']);
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 });
    expect(stdout).toMatch(/^ok +image +\/home\/alice\/gat\/triton\.sif starts here$/m);
    expect(stdout).toMatch(/^ok +slurm +the controller answers$/m);
    expect(stdout).toMatch(/^note +gpu /m);
    expect(stdout).toMatch(/^ok +accounts +yours: physics, teaching$/m);
    expect(stdout).toMatch(
      /^ok +layer-cache +\/home\/alice\/\.cache\/hpc-gat\/layers: .* of at most 4\.0 GiB/m,
    );
  });

  test('distinguishes names that Slurm knows from those that it does not', async () => {
    const names = 'account: phisics, qos: debgu, gpu: { partition: gpu, type: fakr }';
    const { exitCode, stdout } = await shell(
      `printf 'site: lab\nslurm: { ${names} }\n' >names.yaml; hpc-gat doctor --config names.yaml; code=$?; rm names.yaml; exit $code`,
    );
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 1 });
    expect(stdout).toMatch(/no GPU of type "fakr" is in gpu\n.*did you mean "fake"\? types in gpu: fake$/m);
    expect(stdout).toMatch(
      /"phisics" is not one of your accounts on this cluster\n.*yours: physics, teaching$/m,
    );
    expect(stdout).toMatch(
      /"debgu" is not one of your QOS on this cluster\n.*did you mean "debug"\? yours: debug, normal$/m,
    );
  });

  test('finds a GPU on a GPU node, and reports a failing driver', async () => {
    const healthy = await hpcGat(['doctor', '--gpu'], { node: 'gpu1' });
    expect({ exitCode: healthy.exitCode, stdout: healthy.stdout }).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(/^ok +gpu +GPU 0: /m),
    });
    const lab = await testLab();
    await setGpu(lab, 'gpu1', 'broken');
    const broken = await hpcGat(['doctor', '--gpu', '--json'], { node: 'gpu1' });
    await setGpu(lab, 'gpu1', 'ok');
    expect(broken.exitCode).toBe(1);
    expect(JSON.parse(broken.stdout)).toContainEqual(
      expect.objectContaining({ check: 'gpu', status: 'error' }),
    );
  });

  test('names the site setting that prevents runs, as the run does', async () => {
    const configuration = '/etc/apptainer/apptainer.conf';
    const set = (value: string) =>
      shell(`sed -i 's/^user bind control = .*/user bind control = ${value}/' ${configuration}`, {
        ...{ node: 'cpu1', user: 'root', cwd: '/' },
      });
    await set('no');
    try {
      const found = await hpcGat(['doctor'], { node: 'cpu1' });
      expect(found).toMatchObject({ exitCode: 1 });
      const finding =
        /^error +runtime-configuration +`user bind control = no` in .*apptainer\.conf: the model repository/m;
      expect(found.stdout).toMatch(finding);
      const ran = await hpcGat(['run', '--models', quickModels, '--id', 'no-binds'], { node: 'cpu1' });
      expect(ran).toMatchObject({ exitCode: 4 });
      expect(ran.stderr).toMatch(/user bind control = no in .*apptainer\.conf on this node: the model repo/);
      expect(ran.stderr).toMatch(/run no-binds: the configuration of Apptainer on the node prevents/);
    } finally {
      await set('yes');
    }
  }, 60_000);

  test('without /dev/fuse, a run unpacks the image and doctor reports the cost', async () => {
    await shell('chmod 000 /dev/fuse', { node: 'cpu1', user: 'root' });
    try {
      const found = await hpcGat(['doctor'], { node: 'cpu1' });
      expect(found.stdout).toMatch(
        /^warning +fuse .*unpacks the whole SIF \(\d+\.\d MiB, about \d+\.\d MiB unpacked\)/m,
      );
      const ran = await hpcGat(['run', '--models', quickModels, '--id', 'no-fuse'], { node: 'cpu1' });
      expect(ran).toMatchObject({ exitCode: 0 });
      expect(ran.stderr).toContain('unpacking the whole image');
      expect((await shell('ls -A /tmp', { node: 'cpu1' })).stdout).not.toMatch(/rootfs|hpc-gat/);
    } finally {
      await shell('chmod 666 /dev/fuse', { node: 'cpu1', user: 'root' });
    }
  }, 120_000);

  test('checks a compute node, with the GPU that a job would get', async () => {
    const { exitCode, stdout, stderr } = await hpcGat(['doctor', '--node', 'gpu', '--gpu', '--json']);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    const { node, diagnoses } = JSON.parse(stdout) as { node: string; diagnoses: { check: string }[] };
    expect(node).toMatch(/^gpu[12]$/);
    expect(diagnoses).toContainEqual(
      expect.objectContaining({
        check: 'gpu',
        status: 'ok',
        message: expect.stringMatching(/^GPU 0: [^,]*$/),
      }),
    );
    expect(diagnoses).toContainEqual(
      expect.objectContaining({ check: 'driver', message: expect.stringMatching(/^NVIDIA driver 570/) }),
    );
  });

  test('reports why no compute node is available in time, and cancels its job', async () => {
    const hold =
      'for node in gpu1 gpu2; do sbatch --parsable -p gpu -w $node --exclusive --wrap "sleep 60"; done';
    const holders = (await shell(hold)).stdout.trim().split('\n');
    try {
      await shell('until [ "$(squeue --noheader --states=RUNNING -p gpu | wc -l)" = 2 ]; do sleep 0.1; done');
      const { exitCode, stderr } = await hpcGat(['doctor', '--node', 'gpu', '--wait', '2']);
      expect({ exitCode, stderr }).toEqual({
        exitCode: 5,
        stderr: expect.stringMatching(/did not start within 2 s: PENDING \((Resources|Priority)\)/),
      });
      expect((await shell('squeue --noheader --name=hpc-gat-doctor')).stdout).toBe('');
    } finally {
      await shell(`scancel ${holders.join(' ')}`);
    }
  });

  test('names the setup line that ends the shell on a compute node', async () => {
    const { exitCode, stderr } = await shell(
      `printf 'site: lab\nsetup: ["echo Welcome", "exit 3"]\n' >setup.yaml; hpc-gat doctor --node cpu --config setup.yaml; code=$?; rm setup.yaml; exit $code`,
    );
    expect({ exitCode, stderr }).toEqual({
      exitCode: 4,
      stderr: expect.stringMatching(/the setup lines failed on cpu\d: [^]*, in line 2: exit 3\n.*fix: /),
    });
    const node = /on (cpu\d):/.exec(stderr)?.[1] ?? 'cpu1';
    expect((await shell('ls /tmp', { node })).stdout).not.toContain('hpc-gat-doctor');
  });

  test('reports the reason why Slurm rejects a job', async () => {
    const { exitCode, stderr } = await hpcGat(['doctor', '--node', 'nowhere']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 4, stderr: expect.stringMatching(/partition/) });
  });
});
