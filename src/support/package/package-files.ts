import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { getAsset, isSea } from 'node:sea';
import { getCacheDirectory } from '../files/cache-directory.ts';
import type { Context } from '../context.ts';
import { getErrorCode, HpcGatError } from '../errors.ts';
import { readTextIfPresent, writeFileAtomically } from '../files/file-access.ts';
import { makeDirectory } from '../files/make-directory.ts';
import { claimDirectory } from '../files/ownership.ts';
import { packageRoot } from './package-root.ts';

/**
 * Content of the asset `files.json` of the single executable. scripts/dist writes it, and adds each file as
 * an asset under its own path.
 */
export interface PackedFiles {
  /** Digest that identifies the files of one version. */
  readonly digest: string;
  /** Permission bits by path, such as `slurm/sites/lab.yaml`. */
  readonly modes: Readonly<Record<string, number>>;
}

/** Reads the text of a file of this package, by its path in it; undefined when there is none. */
export function readPackageFile(file: string): Promise<string | undefined> {
  return isSea()
    ? Promise.resolve(file in readPackedFiles().modes ? getAsset(file, 'utf8') : undefined)
    : readTextIfPresent(path.join(packageRoot, file));
}

/** Lists the names of the files in a directory of this package, sorted. */
export async function listPackageDirectory(directory: string): Promise<string[]> {
  if (isSea()) {
    const names = Object.keys(readPackedFiles().modes).filter((file) => path.dirname(file) === directory);
    return names.map((file) => path.basename(file)).sort();
  }
  const entries = await readdir(path.join(packageRoot, directory), { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isFile() ? [entry.name] : [])).sort();
}

/**
 * Returns the directory of this package on disk, for files that other programs need. The single executable
 * unpacks its files below the cache directory, by digest, and replaces those that are missing or have
 * changed.
 */
export async function getPackageDirectory(context: Pick<Context, 'env' | 'cwd'>): Promise<string> {
  return isSea() ? unpackFiles(readPackedFiles(), readAsset, context) : packageRoot;
}

/**
 * Unpacks the files. Each appears completely or not at all, so that two processes may unpack at once; all are
 * present when this resolves.
 *
 * @param read returns the bytes of a file, by its path in the package
 */
export async function unpackFiles(
  { digest, modes }: PackedFiles,
  read: (file: string) => Uint8Array,
  context: Pick<Context, 'env' | 'cwd'>,
): Promise<string> {
  const parent = path.join(getCacheDirectory(context), 'files');
  const directory = path.join(parent, digest);
  await makeDirectory(directory, 0o700);
  await rejectForeign([path.dirname(parent), parent, directory]);
  for (const [file, mode] of Object.entries(modes)) {
    const target = path.join(directory, file);
    const content = read(file);
    await makeDirectory(path.dirname(target), 0o700);
    await rejectForeign(listDirectoriesBetween(directory, target));
    if (!(await hasContent(target, content))) {
      await writeFileAtomically(target, content, mode);
    }
  }
  return directory;
}

/** @throws {HpcGatError} when another user could replace files that other programs will read or execute. */
async function rejectForeign(directories: readonly string[]): Promise<void> {
  for (const directory of directories) {
    const concern = await claimDirectory(directory);
    if (concern !== undefined) {
      throw new HpcGatError(
        `the files of this program cannot be unpacked: ${directory} is not safe, because ${concern}`,
        { fix: 'remove it, or set XDG_CACHE_HOME to a directory that belongs to you' },
      );
    }
  }
}

/** Lists the directories between `directory` and a file below it. */
function listDirectoriesBetween(directory: string, file: string): string[] {
  const parent = path.dirname(file);
  return parent === directory ? [] : [...listDirectoriesBetween(directory, parent), parent];
}

async function hasContent(file: string, content: Uint8Array): Promise<boolean> {
  try {
    return (await readFile(file)).equals(content);
  } catch (error) {
    if (getErrorCode(error) === 'ENOENT') {
      return false;
    }
    throw error;
  }
}

function readPackedFiles(): PackedFiles {
  return JSON.parse(getAsset('files.json', 'utf8')) as PackedFiles;
}

function readAsset(file: string): Uint8Array {
  return new Uint8Array(getAsset(file));
}
