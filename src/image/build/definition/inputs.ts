import { existsSync } from 'node:fs';
import { glob, lstat, readdir, readlink } from 'node:fs/promises';
import path from 'node:path';
import { UsageError } from '../../../support/errors.ts';

/**
 * What a `%files` section names, a line each file and folder: path, size, time, permissions. The content of files is not
 * read.
 *
 * @param folder absolute; relative names are meant from it.
 * @throws {UsageError} when there is nothing of that name.
 */
export async function listInputs(patterns: readonly string[], folder: string): Promise<string[]> {
  const lines: string[] = [];
  for (const pattern of patterns) {
    for (const file of await filesOf(pattern, folder)) {
      await describeTree(file, lines);
    }
  }
  return lines;
}

async function filesOf(pattern: string, folder: string): Promise<string[]> {
  const found: string[] = [];
  if (/[*?[]/.test(pattern)) {
    for await (const name of glob(pattern, { cwd: folder })) {
      found.push(path.resolve(folder, name));
    }
  } else if (existsSync(path.resolve(folder, pattern))) {
    found.push(path.resolve(folder, pattern));
  }
  if (found.length === 0) {
    throw new UsageError(`the recipe names ${pattern}, which is not in ${folder}`, {
      fix: 'correct it; relative names are meant from the folder of the recipe',
    });
  }
  return found.sort();
}

async function describeTree(file: string, lines: string[]): Promise<void> {
  const { mode, size, mtimeNs } = await lstat(file, { bigint: true });
  const kind = Number(mode) & 0o170000;
  const isFolder = kind === 0o040000;
  const link = kind === 0o120000 ? await readlink(file) : '';
  lines.push(JSON.stringify([file, Number(mode), isFolder ? '' : `${size} ${mtimeNs}`, link]));
  if (isFolder) {
    for (const name of (await readdir(file)).sort()) {
      await describeTree(path.join(file, name), lines);
    }
  }
}
