import { expect, test } from '@jest/globals';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { withStaging } from '../../src/model/staging.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Returns the staging directory of that repository, which must be gone afterwards. */
async function placeFor(repository: string): Promise<string> {
  const staging = await withStaging(repository, (directory) => Promise.resolve(directory));
  expect(existsSync(staging)).toBe(false);
  return path.dirname(staging);
}

test('the staging directory is beside the repository, even of a linked one', async () => {
  const cwd = temporaryDirectory();
  mkdirSync(path.join(cwd, 'disk', 'models'), { recursive: true });
  symlinkSync(path.join(cwd, 'disk', 'models'), path.join(cwd, 'models'));
  expect(await placeFor(path.join(cwd, 'disk', 'models'))).toBe(path.join(cwd, 'disk'));
  expect(await placeFor(path.join(cwd, 'models'))).toBe(path.join(cwd, 'disk'));
});

test('the staging directory is in a repository that is its own file system', async () => {
  expect(await placeFor('/dev/shm')).toBe('/dev/shm');
});

test('the staging directory is in the repository when renaming from beside it fails', async () => {
  const repository = path.join(temporaryDirectory(), 'models');
  mkdirSync(repository);
  const tried: string[] = [];
  const renamed = await withStaging(repository, (staging) => {
    tried.push(path.dirname(staging));
    return tried.length === 1
      ? Promise.reject(Object.assign(new Error('cross-device link'), { code: 'EXDEV' }))
      : Promise.resolve('renamed');
  });
  expect({ renamed, tried }).toEqual({ renamed: 'renamed', tried: [path.dirname(repository), repository] });
});
