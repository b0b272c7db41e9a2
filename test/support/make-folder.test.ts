import { expect, test } from '@jest/globals';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeFolder } from '../../src/support/make-folder.ts';
import { temporaryFolder } from './temporary-folder.ts';

test('makes what is missing, and tells the highest of it', async () => {
  const root = temporaryFolder();
  const lowest = path.join(root, 'a', 'b', 'c');
  expect(await makeFolder(lowest, 0o700)).toBe(path.join(root, 'a'));
  expect(((await stat(lowest)).mode & 0o777).toString(8)).toBe('700');
  expect(await makeFolder(lowest)).toBeUndefined();
  expect(await makeFolder(path.join(lowest, 'd'))).toBe(path.join(lowest, 'd'));
});

test('two at once do no harm', async () => {
  const lowest = path.join(temporaryFolder(), 'a', 'b', 'c');
  await Promise.all([makeFolder(lowest), makeFolder(lowest), mkdir(lowest, { recursive: true })]);
  expect((await stat(lowest)).isDirectory()).toBe(true);
});

test.each([
  ['a file in the way', 'file/a', 'ENOTDIR'],
  ['a file of that name', 'file', 'EEXIST'],
  ['a place where the system makes none, and says that it is missing', '/proc/none/a/b', 'ENOENT'],
])('%s is told', async (_what, folder, code) => {
  const root = temporaryFolder();
  await writeFile(path.join(root, 'file'), '');
  await expect(makeFolder(path.resolve(root, folder))).rejects.toMatchObject({ code });
});
