import { expect, test } from '@jest/globals';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeDirectory } from '../../../src/support/files/make-directory.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

test('creates missing directories, and returns the highest one', async () => {
  const root = temporaryDirectory();
  const lowest = path.join(root, 'a', 'b', 'c');
  expect(await makeDirectory(lowest, 0o700)).toBe(path.join(root, 'a'));
  expect(((await stat(lowest)).mode & 0o777).toString(8)).toBe('700');
  expect(await makeDirectory(lowest)).toBeUndefined();
  expect(await makeDirectory(path.join(lowest, 'd'))).toBe(path.join(lowest, 'd'));
});

test('tolerates concurrent calls', async () => {
  const lowest = path.join(temporaryDirectory(), 'a', 'b', 'c');
  await Promise.all([makeDirectory(lowest), makeDirectory(lowest), mkdir(lowest, { recursive: true })]);
  expect((await stat(lowest)).isDirectory()).toBe(true);
});

test.each([
  ['a file in the way', 'file/a', 'ENOTDIR'],
  ['a file of that name', 'file', 'EEXIST'],
  ['a path where the system creates none and reports ENOENT', '/proc/none/a/b', 'ENOENT'],
])('reports %s', async (_what, directory, code) => {
  const root = temporaryDirectory();
  await writeFile(path.join(root, 'file'), '');
  await expect(makeDirectory(path.resolve(root, directory))).rejects.toMatchObject({ code });
});
