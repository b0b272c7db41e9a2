import { expect, test } from '@jest/globals';
import { getTritonRelease, classifyDriver, listTritonReleases } from '../../src/config/triton-releases.ts';

test('the table is ordered newest first, without duplicates, each release with a page of NVIDIA', async () => {
  const releases = await listTritonReleases();
  const names = releases.map(({ release }) => release);
  expect(names).toEqual([...new Set(names)].sort().reverse());
  for (const { url } of releases) {
    expect(url).toMatch(/^https:\/\/docs\.nvidia\.com\//);
  }
});

test('an unknown release is rejected, with the nearest known one', async () => {
  expect(await getTritonRelease('24.05')).toMatchObject({ cuda: '12.4', driver: '545' });
  await expect(getTritonRelease('24.06')).rejects.toMatchObject({
    exitCode: 2,
    fix: expect.stringContaining('known: 25.10') as unknown,
  });
});

test.each([
  ['575.51.03', 'any GPU'],
  ['545', 'any GPU'],
  ['545.22', 'any GPU'],
  ['535.104.05', 'data center GPUs'],
  ['535.54.03', 'none'],
  ['530.30.02', 'none'],
  ['470.57', 'data center GPUs'],
  ['460.106', 'none'],
])('driver %s supports Triton 24.05 on: %s', async (driver, verdict) => {
  expect(classifyDriver(driver, await getTritonRelease('24.05'))).toBe(verdict);
});
