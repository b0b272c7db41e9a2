import { expect, test } from '@jest/globals';
import { describeInLab, labExec } from '../support/lab.ts';

describeInLab('the lab', () => {
  test('shows every compute node idle on the login node', async () => {
    const { stdout } = await labExec('login', ['sinfo', '--noheader', '--Node', '--format=%N %T']);
    expect(stdout.trim().split('\n').sort()).toEqual(['cpu1 idle', 'cpu2 idle', 'gpu1 idle', 'gpu2 idle']);
  });
});
