import { beforeAll, expect, test } from '@jest/globals';
import { setGpu } from '../../src/lab/faults.ts';
import { hpcGat, makeGatProject } from '../support/gat-project.ts';
import { describeInLab } from '../support/lab.ts';
import { testLab } from '../support/test-lab.ts';

describeInLab('doctor', () => {
  beforeAll(makeGatProject, 300_000);

  test('finds the login node healthy, and really starts the image', async () => {
    const { exitCode, stdout } = await hpcGat(['doctor']);
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 });
    expect(stdout).toMatch(/^ok +image +\/home\/alice\/gat\/triton\.sif starts here$/m);
    expect(stdout).toMatch(/^ok +slurm +the controller answers$/m);
    expect(stdout).toMatch(/^note +gpu /m);
  });

  test('finds a GPU on a GPU node, and says so when its driver fails', async () => {
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
});
