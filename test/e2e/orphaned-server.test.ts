import { expect, test } from '@jest/globals';
import { describeInLab } from '../support/lab.ts';
import { checkLeaksAfterEach } from '../support/expect-no-leaks.ts';
import { hpcGat, createGatProject, quickModels, shell } from '../support/gat-project.ts';

describeInLab('what belongs to no run', () => {
  checkLeaksAfterEach(createGatProject);

  test('cleanup on the login node ends a server whose script was killed and whose run directory was removed', async () => {
    const serve = ['submit', '--serve', '--wait', '--time', '10', '--models', quickModels];
    const options = ['nodelist=cpu1', 'cpus-per-task=1', 'mem=1000'].flatMap((option) => [
      '--sbatch',
      option,
    ]);
    const served = await Promise.all(
      ['gone', 'present'].map((id) => hpcGat([...serve, ...options, '--id', id])),
    );
    expect(served.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    const script = (await shell('cat .hpc-gat/runs/gone/owned/*/script')).stdout.split(' ')[0] ?? '';
    await shell('rm -rf .hpc-gat/runs/gone');
    await shell(`kill -KILL ${script}`, { node: 'cpu1' });
    const isLeft = async () =>
      (await shell('ls -d /tmp/hpc-gat-gone.* /dev/shm/hpc-gat-gone.*', { node: 'cpu1' })).stdout;
    expect((await isLeft()).split('\n')).toHaveLength(2);
    const line =
      /gone: end and remove the remaining resources on cpu1 \(alice, \d+ s old\) of a run whose directory .*\/runs\/gone was removed/;
    const planned = await hpcGat(['cleanup', '--node', 'cpu1', '--dry-run']);
    expect(planned).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(line) });
    const ended = await hpcGat(['cleanup', '--node', 'cpu1']);
    expect(ended).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(line) });
    expect(await isLeft()).toBe('');
    expect((await hpcGat(['test', 'present'])).exitCode).toBe(0);
    expect((await hpcGat(['cleanup', '--all'])).exitCode).toBe(0);
  }, 120_000);
});
