import { expect, test } from '@jest/globals';
import { restartNode, setController } from '../../src/lab/faults.ts';
import { setLink } from '../../src/lab/network.ts';
import { killNode } from '../../src/lab/nodes.ts';
import { listComputeNodes, waitUntilReady } from '../../src/lab/ready.ts';
import { describeInLab, labExec } from '../support/lab.ts';
import { testLab } from '../support/test-lab.ts';

/** Returns whether slurmd of a node is reachable from the login node. */
async function reaches(node: string): Promise<boolean> {
  const { exitCode } = await labExec('login', ['timeout', '1', 'bash', '-c', `: </dev/tcp/${node}/6818`]);
  return exitCode === 0;
}

describeInLab('faults of the lab', () => {
  test('a power cut ends a node and its jobs; after power-on it accepts jobs, with an empty /tmp', async () => {
    const lab = await testLab();
    await labExec('cpu2', ['touch', '/tmp/before']);
    await killNode(lab, 'cpu2');
    await expect(labExec('cpu2', ['true'])).rejects.toThrow(/node cpu2 .* is down/);
    expect(await reaches('cpu2')).toBe(false);
    await restartNode(lab, 'cpu2');
    const { stdout } = await labExec('login', ['srun', '--nodelist=cpu2', 'sh', '-c', 'hostname; ls /tmp']);
    expect(stdout.trim()).toBe('cpu2');
  }, 60_000);

  test('a cut cable isolates a node, and a repaired one reconnects it', async () => {
    const lab = await testLab();
    await setLink(lab, 'cpu1', 'down');
    expect(await reaches('cpu1')).toBe(false);
    await setLink(lab, 'cpu1', 'up');
    const { stdout } = await labExec('login', ['srun', '--nodelist=cpu1', 'hostname']);
    expect(stdout.trim()).toBe('cpu1');
  }, 60_000);

  test.each(['stop', 'kill'] as const)(
    'controller %s: the controller does not answer until it is started again',
    async (action) => {
      const lab = await testLab();
      const ask = ['timeout', '1', 'squeue', '--noheader'];
      expect((await labExec('login', ask)).exitCode).toBe(0);
      await setController(lab, action);
      expect((await labExec('login', ask)).exitCode).not.toBe(0);
      await setController(lab, 'start');
      expect((await labExec('login', ask)).exitCode).toBe(0);
      await waitUntilReady(lab, listComputeNodes(lab), { docker: false, timeoutMs: 30_000 });
    },
    60_000,
  );
});
