import { beforeAll, expect, test } from '@jest/globals';
import { describeInLab } from '../support/lab.ts';
import { withModes } from '../support/lab-modes.ts';
import { hpcGat, createGatProject, quickModels, shell } from '../support/gat-project.ts';

describeInLab('a compute node whose hostname is fully qualified', () => {
  withModes('cpu1', { fqdn: true });
  beforeAll(createGatProject, 300_000);

  test('is cleaned up from the login node by its Slurm node name', async () => {
    const node = { node: 'cpu1' };
    expect((await shell('hostname; hostname -s', node)).stdout).toBe('cpu1.lab.example\ncpu1');
    const options = ['--models', quickModels, '--sbatch', 'nodelist=cpu1', '--id', 'qualified'];
    expect((await hpcGat(['submit', '--serve', '--wait', ...options])).exitCode).toBe(0);
    expect((await hpcGat(['test', 'qualified'])).exitCode).toBe(0);
    await shell('kill -KILL "$(cut -d" " -f1 .hpc-gat/runs/qualified/owned/*/script)"', node);
    const ended = await hpcGat(['cleanup', 'qualified']);
    expect(ended).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/cpu1.*: server, container/) });
    expect((await shell('ls -d /tmp/hpc-gat-* /dev/shm/hpc-gat-*', node)).stdout).toBe('');
  }, 120_000);
});
