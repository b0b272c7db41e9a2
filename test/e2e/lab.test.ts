import { expect, test } from '@jest/globals';
import { readlink } from 'node:fs/promises';
import { describeInLab, labExec } from '../support/lab.ts';

const nodes = ['ctl', 'login', 'cpu1', 'cpu2', 'gpu1', 'gpu2', 'workstation'];

async function stdoutOf(...call: Parameters<typeof labExec>): Promise<string> {
  const { exitCode, stdout, stderr } = await labExec(...call);
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout.trim();
}

describeInLab('the lab', () => {
  test('shows every compute node idle on the login node', async () => {
    const states = await stdoutOf('login', ['sinfo', '--noheader', '--Node', '--format=%N %T']);
    expect(states.split('\n').sort()).toEqual(['cpu1 idle', 'cpu2 idle', 'gpu1 idle', 'gpu2 idle']);
  });

  test('runs every node in its own namespaces', async () => {
    const kinds = ['net', 'mnt', 'uts', 'ipc', 'pid'];
    for (const kind of kinds) {
      const inside = await Promise.all(
        nodes.map((node) => stdoutOf(node, ['readlink', `/proc/self/ns/${kind}`])),
      );
      const all = new Set([...inside, await readlink(`/proc/self/ns/${kind}`)]);
      expect({ kind, different: all.size }).toEqual({ kind, different: nodes.length + 1 });
    }
  });

  test('has two ordinary users, with private homes and a shared scratch', async () => {
    expect(await stdoutOf('login', ['id', '--user', '--name'])).toBe('alice');
    expect(await stdoutOf('cpu1', ['id', '--user', '--name'], { user: 'bob' })).toBe('bob');
    await stdoutOf('login', ['sh', '-c', 'echo mine > secret; echo ours > /scratch/shared']);
    expect((await labExec('cpu1', ['cat', '/home/alice/secret'], { user: 'bob' })).exitCode).toBe(1);
    expect(await stdoutOf('cpu2', ['cat', 'secret'])).toBe('mine');
    expect(await stdoutOf('workstation', ['cat', '/scratch/shared'], { user: 'bob' })).toBe('ours');
  });

  test('runs a job on the requested node', async () => {
    expect(await stdoutOf('login', ['srun', '--nodelist=cpu1', 'hostname'])).toBe('cpu1');
  });

  test('restricts an account to its members, and records the history of their jobs', async () => {
    const [asAlice, asBob] = await Promise.all(
      (['alice', 'bob'] as const).map((user) =>
        labExec('login', ['srun', '--account=teaching', '--job-name=member', 'true'], { user }),
      ),
    );
    expect(asAlice?.exitCode).toBe(0);
    expect(asBob?.stderr).toContain('Invalid account');
    await expect(
      stdoutOf('login', ['sacct', '-nXP', '--name=member', '--format=User,Account']),
    ).resolves.toBe('alice|teaching');
  });

  test('gives a job its GPUs, and the stand-in nvidia-smi lists exactly them', async () => {
    const script = 'echo "$CUDA_VISIBLE_DEVICES"; nvidia-smi --query-gpu=index,name --format=csv,noheader';
    const job = ['srun', '--partition=gpu', '--gres=gpu:2', 'sh', '-c', script];
    expect(await stdoutOf('login', job)).toBe('0,1\n0, hpc-gat stand-in\n1, hpc-gat stand-in');
    expect((await labExec('cpu1', ['sh', '-c', 'command -v nvidia-smi'])).exitCode).not.toBe(0);
  });

  test('shares the package and its Node with all users, who cannot write to them', async () => {
    expect(await stdoutOf('login', ['node', '--version'], { user: 'bob' })).toBe(process.version);
    expect(await stdoutOf('gpu2', ['hpc-gat', '--version'])).toMatch(/^\d+\.\d+\.\d+/);
    const touched = await labExec('login', ['touch', '/opt/hpc-gat/package.json'], { user: 'root' });
    expect(touched.stderr).toContain('Read-only file system');
  });

  test('starts every command in the environment of a fresh login', async () => {
    const environment = await stdoutOf('login', ['env'], { cwd: '/scratch', env: { MORE: 'a b' } });
    expect(Object.fromEntries(environment.split('\n').map((line) => line.split('=')))).toMatchObject({
      HOME: '/home/alice',
      USER: 'alice',
      MORE: 'a b',
      PWD: '/scratch',
    });
    expect(environment).not.toContain('NODE_');
  });

  test('passes on input, exit code and arguments unchanged', async () => {
    const hostile = ["a'b", 'c d', '$(id)', 'ü;\n'];
    const result = await labExec('login', ['sh', '-c', 'cat; printf "<%s>" "$@"; exit 7', 'sh', ...hostile], {
      input: 'in\n',
    });
    expect(result).toEqual({
      exitCode: 7,
      stdout: `in\n${hostile.map((word) => `<${word}>`).join('')}`,
      stderr: '',
    });
  });
});
