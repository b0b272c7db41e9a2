import { expect, test } from '@jest/globals';
import { chmod, chown, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  listPackageDirectory,
  readPackageFile,
  unpackFiles,
} from '../../../src/support/package/package-files.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const contents: Readonly<Record<string, string>> = {
  'defs/build.sh': '#!/bin/sh\n',
  'models/gat/1/model.pt': 'weights',
};
const files = { digest: '0123abcd', modes: { 'defs/build.sh': 0o755, 'models/gat/1/model.pt': 0o644 } };

const read = (file: string) => Buffer.from(contents[file] ?? '');

async function everything(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

test('package files are read and listed by their path in the package', async () => {
  expect(await readPackageFile('slurm/sites/lab.yaml')).toMatch(/^description: /m);
  expect(await readPackageFile('slurm/sites/nowhere.yaml')).toBeUndefined();
  expect(await listPackageDirectory('slurm/sites')).toContain('lab.yaml');
  expect(await listPackageDirectory('slurm')).toEqual([]);
});

test('concurrent processes unpack the same complete files and leave nothing else', async () => {
  const home = temporaryDirectory();
  const context = { env: { HOME: home }, cwd: '/' };
  const directories = await Promise.all(Array.from({ length: 8 }, () => unpackFiles(files, read, context)));
  const directory = path.join(home, '.cache', 'hpc-gat', 'files', '0123abcd');
  expect(new Set(directories)).toEqual(new Set([directory]));
  expect(await everything(home)).toEqual(Object.keys(contents).map((file) => path.join(directory, file)));
  expect(await readFile(path.join(directory, 'models/gat/1/model.pt'), 'utf8')).toBe('weights');
  // Files are for their owner, whatever the umask allows to others.
  expect((await stat(path.join(directory, 'defs/build.sh'))).mode & 0o700).toBe(0o700);
});

test('removed or changed files are restored', async () => {
  const context = { env: { XDG_CACHE_HOME: temporaryDirectory() }, cwd: '/' };
  const directory = await unpackFiles(files, read, context);
  const [script, model] = [
    path.join(directory, 'defs/build.sh'),
    path.join(directory, 'models/gat/1/model.pt'),
  ];
  await rm(path.join(directory, 'defs'), { recursive: true });
  await writeFile(model, 'half');
  await unpackFiles(files, read, context);
  expect(await everything(directory)).toEqual([script, model]);
  expect(await readFile(model, 'utf8')).toBe('weights');
});

test('complete files are not rewritten, so that a read-only directory suffices', async () => {
  const context = { env: { XDG_CACHE_HOME: temporaryDirectory() }, cwd: '/' };
  const script = path.join(await unpackFiles(files, read, context), 'defs/build.sh');
  await chmod(script, 0o555);
  const before = await stat(script);
  await unpackFiles(files, read, context);
  expect(await stat(script)).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs, mode: before.mode });
});

const asRoot = process.getuid?.() === 0 ? test : test.skip;

asRoot.each(['.', 'files', 'files/0123abcd', 'files/0123abcd/defs'])(
  'nothing is unpacked where another user owns %s',
  async (name) => {
    const cache = temporaryDirectory();
    const directory = path.join(cache, 'hpc-gat', name);
    await mkdir(directory, { recursive: true });
    await chown(directory, 54_321, 54_321);
    await expect(
      unpackFiles(files, read, { env: { XDG_CACHE_HOME: cache }, cwd: '/' }),
    ).rejects.toMatchObject({
      message: `the files of this program cannot be unpacked: ${directory} is not safe, because it belongs to user 54321`,
      fix: 'remove it, or set XDG_CACHE_HOME to a directory that belongs to you',
    });
  },
);

test('directories of unpacked files are closed to others', async () => {
  const cache = temporaryDirectory();
  const open = path.join(cache, 'hpc-gat', 'files', '0123abcd', 'defs');
  await mkdir(open, { recursive: true });
  await chmod(open, 0o777);
  await unpackFiles(files, read, { env: { XDG_CACHE_HOME: cache }, cwd: '/' });
  expect((await stat(open)).mode & 0o022).toBe(0);
});
