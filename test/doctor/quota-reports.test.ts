import { expect, test } from '@jest/globals';
import { parseLustreQuota, parseQuota } from '../../src/doctor/quota-reports.ts';

const kibibyte = 1024;

const quota = `Disk quotas for user alice (uid 1001):
     Filesystem  blocks   quota   limit   grace   files   quota   limit   grace
          /home 4000000* 3000000 5000000  604800   12345       0       0       0
       /scratch      12       0       0       0       3       0       0       0
`;

test('quota: the nearer of the two limits counts, and a star is not part of the number', () => {
  expect(parseQuota(quota, '/home')).toEqual({
    by: 'quota',
    usedBytes: 4_000_000 * kibibyte,
    limitBytes: 3_000_000 * kibibyte,
    freeBytes: 0,
  });
});

test('quota: 0 is no limit, and other file systems are ignored', () => {
  expect(parseQuota(quota, '/scratch')).toMatchObject({ limitBytes: undefined, freeBytes: undefined });
  expect(parseQuota(quota, '/')).toBeUndefined();
});

test.each([
  ['     /lustre/home 2048  10240  20480  -  7  0  0  -\n'],
  // A long path has its own line; brackets mean that one of the servers did not answer.
  [
    '/lustre/a/very/long/directory\n               [2048]  10240  20480       -       7       0       0       -\n',
  ],
])('lfs quota: parses %j', (report) => {
  expect(parseLustreQuota(report)).toEqual({
    by: 'lfs quota',
    usedBytes: 2048 * kibibyte,
    limitBytes: 10_240 * kibibyte,
    freeBytes: 8192 * kibibyte,
  });
});

test('lfs quota: ignores values that lfs reports as unreliable', () => {
  expect(parseLustreQuota('quotactl failed: Permission denied here')).toBeUndefined();
});
