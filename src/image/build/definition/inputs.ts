import { existsSync } from 'node:fs';
import { glob, lstat, readdir, readlink } from 'node:fs/promises';
import path from 'node:path';
import { UsageError } from '../../../support/errors.ts';

/**
 * Lists the files and directories that a `%files` section names, one line each: path, size, time, permissions. The
 * content of files is not read.
 *
 * @param directory absolute directory for relative names.
 * @throws {UsageError} if a name does not exist.
 */
export async function listInputs(patterns: readonly string[], directory: string): Promise<string[]> {
  const lines: string[] = [];
  for (const pattern of patterns) {
    for (const file of await filesOf(pattern, directory)) {
      await listTree(file, lines);
    }
  }
  return lines;
}

async function filesOf(pattern: string, directory: string): Promise<string[]> {
  const found: string[] = [];
  if (/[*?[]/.test(pattern)) {
    for await (const name of glob(pattern, { cwd: directory })) {
      found.push(path.resolve(directory, name));
    }
  } else if (existsSync(path.resolve(directory, pattern))) {
    found.push(path.resolve(directory, pattern));
  }
  if (found.length === 0) {
    throw new UsageError(`the definition file names ${pattern}, which does not exist in ${directory}`, {
      fix: 'correct it; relative names are resolved against the directory of the definition file',
    });
  }
  return found.sort();
}

async function listTree(file: string, lines: string[]): Promise<void> {
  const { mode, size, mtimeNs } = await lstat(file, { bigint: true });
  const kind = Number(mode) & 0o170000;
  const isDirectory = kind === 0o040000;
  const link = kind === 0o120000 ? await readlink(file) : '';
  lines.push(JSON.stringify([file, Number(mode), isDirectory ? '' : `${size} ${mtimeNs}`, link]));
  if (isDirectory) {
    for (const name of (await readdir(file)).sort()) {
      await listTree(path.join(file, name), lines);
    }
  }
}
