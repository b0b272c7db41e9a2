import { expect, test } from '@jest/globals';
import { chmod, chown, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { listPackageFolder, readPackageFile, unpackFiles } from '../../src/support/package-files.ts';
import { temporaryFolder } from './temporary-folder.ts';

const contents: Readonly<Record<string, string>> = {
  'defs/build.sh': '#!/bin/sh\n',
  'models/gat/1/model.pt': 'weights',
};
const files = { digest: '0123abcd', modes: { 'defs/build.sh': 0o755, 'models/gat/1/model.pt': 0o644 } };

const read = (file: string) => Buffer.from(contents[file] ?? '');

async function everything(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

test('files of the package are read and listed by their path in it', async () => {
  expect(await readPackageFile('slurm/sites/lab.yaml')).toMatch(/^description: /m);
  expect(await readPackageFile('slurm/sites/nowhere.yaml')).toBeUndefined();
  expect(await listPackageFolder('slurm/sites')).toContain('lab.yaml');
  expect(await listPackageFolder('slurm')).toEqual([]);
});

test('many that unpack at once get the same whole files and leave nothing else', async () => {
  const home = temporaryFolder();
  const context = { env: { HOME: home }, cwd: '/' };
  const folders = await Promise.all(Array.from({ length: 8 }, () => unpackFiles(files, read, context)));
  const folder = path.join(home, '.cache', 'hpc-gat', 'files', '0123abcd');
  expect(new Set(folders)).toEqual(new Set([folder]));
  expect(await everything(home)).toEqual(Object.keys(contents).map((file) => path.join(folder, file)));
  expect(await readFile(path.join(folder, 'models/gat/1/model.pt'), 'utf8')).toBe('weights');
  // For its owner, whatever the umask leaves to others.
  expect((await stat(path.join(folder, 'defs/build.sh'))).mode & 0o700).toBe(0o700);
});

test('what a clean-up of the file system took away, or somebody changed, is put right', async () => {
  const context = { env: { XDG_CACHE_HOME: temporaryFolder() }, cwd: '/' };
  const folder = await unpackFiles(files, read, context);
  const [script, model] = [path.join(folder, 'defs/build.sh'), path.join(folder, 'models/gat/1/model.pt')];
  await rm(path.join(folder, 'defs'), { recursive: true });
  await writeFile(model, 'half');
  await unpackFiles(files, read, context);
  expect(await everything(folder)).toEqual([script, model]);
  expect(await readFile(model, 'utf8')).toBe('weights');
});

test('whole files are left alone, so that a folder one may only read is enough', async () => {
  const context = { env: { XDG_CACHE_HOME: temporaryFolder() }, cwd: '/' };
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
    const cache = temporaryFolder();
    const folder = path.join(cache, 'hpc-gat', name);
    await mkdir(folder, { recursive: true });
    await chown(folder, 54_321, 54_321);
    await expect(
      unpackFiles(files, read, { env: { XDG_CACHE_HOME: cache }, cwd: '/' }),
    ).rejects.toMatchObject({
      message: `the files of this program cannot be unpacked: ${folder} is not safe, because it belongs to user 54321`,
      fix: 'remove it, or set XDG_CACHE_HOME to a folder that belongs to you',
    });
  },
);

test('folders of unpacked files are closed to others', async () => {
  const cache = temporaryFolder();
  const open = path.join(cache, 'hpc-gat', 'files', '0123abcd', 'defs');
  await mkdir(open, { recursive: true });
  await chmod(open, 0o777);
  await unpackFiles(files, read, { env: { XDG_CACHE_HOME: cache }, cwd: '/' });
  expect((await stat(open)).mode & 0o022).toBe(0);
});
