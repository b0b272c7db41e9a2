import { beforeAll, expect, test } from '@jest/globals';
import { setGpu } from '../../src/lab/faults.ts';
import { describeInLab, labExec, type LabExecOptions } from '../support/lab.ts';
import { testLab } from '../support/test-lab.ts';

const image = '/home/alice/box.sif';

async function script(node: string, lines: string, options: LabExecOptions = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await labExec(node, ['sh', '-e'], { input: lines, ...options });
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout.trim();
}

const makeTree = `
  rm -rf box && mkdir -p box/bin box/etc box/dev box/proc box/sys box/tmp box/usr/bin && cp /usr/bin/busybox box/bin/
  for name in sh ls cat hostname printf sed tr; do ln -s busybox box/bin/$name; done
`;

describeInLab('containers in the lab', () => {
  beforeAll(async () => {
    await script('login', `${makeTree} apptainer --quiet build --force ${image} box`);
  });

  test('--nv binds the stand-in driver and nvidia-smi on a gpu node', async () => {
    const inside = 'ls /.singularity.d/libs; nvidia-smi -L';
    const job = `srun --partition=gpu --gres=gpu:1 apptainer --silent exec --nv ${image} sh -c '${inside}'`;
    expect((await script('login', job)).split('\n')).toEqual([
      'libcuda.so',
      'libcuda.so.1',
      'libnvidia-ml.so.1',
      'libnvidia-ptxjitcompiler.so.1',
      'GPU 0: hpc-gat stand-in (UUID: GPU-00000000-0000-0000-0000-000000000000)',
    ]);
    expect(await script('cpu1', `apptainer --silent exec --nv ${image} ls /.singularity.d/libs`)).toBe('');
  });

  test('the stand-in nvidia-smi can be made to fail, inside containers too', async () => {
    const lab = await testLab();
    const ask = ['apptainer', '--silent', 'exec', '--nv', image, 'nvidia-smi', '-L'];
    await setGpu(lab, 'gpu2', 'broken');
    expect((await labExec('gpu2', ask)).exitCode).toBe(9);
    await setGpu(lab, 'gpu2', 'ok');
    expect((await labExec('gpu2', ask)).exitCode).toBe(0);
    await expect(setGpu(lab, 'cpu1', 'broken')).rejects.toThrow('node cpu1 has no GPU');
  });

  test('an instance starts, answers and stops', async () => {
    const lines = `apptainer --silent instance start ${image} one; apptainer --silent exec instance://one hostname
      apptainer --silent instance stop one; apptainer instance list --json`;
    expect(await script('cpu2', lines)).toMatch(/^cpu2\n\{\s*"instances": \[\]\s*\}$/);
  });

  test('Docker imports, builds, runs and saves for both users on the workstation, and on no other node', async () => {
    const lines = `${makeTree}
      tar --create --directory=box . | docker import - lab/box:1 >/dev/null
      mkdir -p context && printf 'FROM lab/box:1\\nRUN ["/bin/busybox", "touch", "/made"]\\n' >context/Dockerfile
      docker build --quiet --tag lab/box:2 context >/dev/null
      docker run --rm lab/box:2 /bin/ls /made
      docker save lab/box:2 | tar --list --file=- manifest.json`;
    expect(await script('workstation', lines, { user: 'bob' })).toBe('/made\nmanifest.json');
    expect((await labExec('login', ['docker', 'version'])).exitCode).not.toBe(0);
  }, 60_000);
});
