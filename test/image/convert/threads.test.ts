import { describe, expect, test } from '@jest/globals';
import { getThreadCount } from '../../../src/image/convert/threads.ts';

describe('threads of a conversion', () => {
  test.each([
    ['what is asked for', 7, { SLURM_CPUS_PER_TASK: '2' }, 64, 7],
    ['what Slurm has granted', undefined, { SLURM_CPUS_PER_TASK: '12' }, 64, 12],
    ['a modest number on a large login node', undefined, {}, 64, 4],
    ['what a small one has', undefined, {}, 2, 2],
    ['no number of Slurm', undefined, { SLURM_CPUS_PER_TASK: '' }, 2, 2],
  ])('%s', (_, asked, env, processors, threads) => {
    expect(getThreadCount(asked, env, processors)).toBe(threads);
  });

  test.each([0, -1, 1.5, Number.NaN, 1_000])('--threads %d is rejected with the fix', (asked) => {
    expect(() => getThreadCount(asked, {}, 2)).toThrow('--threads must be a whole number from 1 to 256');
  });

  test.each([
    [undefined, 8, 8],
    [40e9, 8, 8],
    [4e9, 8, 3],
    [2.6e9, 8, 1],
  ])('with an address space of %d bytes, %d threads are reduced to %d', (limit, asked, threads) => {
    expect(getThreadCount(asked, {}, 64, limit)).toBe(threads);
  });

  test('reports an address space that is too small for a thread, with the limit and the fix', () => {
    expect(() => getThreadCount(4, {}, 64, 2e9)).toThrow(
      /limited to [\d.]+ GiB \(ulimit -v\).* at least 2\.\d GiB/,
    );
  });
});
