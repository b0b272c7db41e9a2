import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { getAsset, isSea } from 'node:sea';
import { cacheDirectory } from './cache-directory.ts';
import type { Context } from './context.ts';
import { codeOf, HpcGatError } from './errors.ts';
import { readTextIfPresent, writeFileAtomically } from './files.ts';
import { makeDirectory } from './make-directory.ts';
import { claimDirectory } from './ownership.ts';
import { packageRoot } from './package-root.ts';

/**
 * What the one self-contained file carries, as the asset `files.json`: scripts/dist writes it, with each file as an asset
 * under its own path.
 */
export interface PackedFiles {
  /** Tells the files of one version from those of another. */
  readonly digest: string;
  /** Permission bits by path, like `slurm/sites/lab.yaml`. */
  readonly modes: Readonly<Record<string, number>>;
}

/** The text of a file of this package, by its path in it; undefined when there is none. */
export function readPackageFile(file: string): Promise<string | undefined> {
  return isSea()
    ? Promise.resolve(file in packed().modes ? getAsset(file, 'utf8') : undefined)
    : readTextIfPresent(path.join(packageRoot, file));
}

/** The names of the files in a directory of this package, sorted. */
export async function listPackageDirectory(directory: string): Promise<string[]> {
  if (isSea()) {
    const names = Object.keys(packed().modes).filter((file) => path.dirname(file) === directory);
    return names.map((file) => path.basename(file)).sort();
  }
  const entries = await readdir(path.join(packageRoot, directory), { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isFile() ? [entry.name] : [])).sort();
}

/**
 * The directory of this package on disk, for what has to be handed to other programs. The one self-contained file unpacks
 * what it carries below the cache directory, by its digest, and puts right there what is missing or has changed.
 */
export async function packageDirectory(context: Pick<Context, 'env' | 'cwd'>): Promise<string> {
  return isSea() ? unpackFiles(packed(), assetBytes, context) : packageRoot;
}

/**
 * Each file appears whole or not at all, so that two may do this at once; all are there when it resolves.
 *
 * @param read the bytes of a file, by its path in the package.
 */
export async function unpackFiles(
  { digest, modes }: PackedFiles,
  read: (file: string) => Uint8Array,
  context: Pick<Context, 'env' | 'cwd'>,
): Promise<string> {
  const parent = path.join(cacheDirectory(context), 'files');
  const directory = path.join(parent, digest);
  await makeDirectory(directory, 0o700);
  await refuseForeign([path.dirname(parent), parent, directory]);
  for (const [file, mode] of Object.entries(modes)) {
    const target = path.join(directory, file);
    const content = read(file);
    await makeDirectory(path.dirname(target), 0o700);
    await refuseForeign(directoriesBetween(directory, target));
    if (!(await holds(target, content))) {
      await writeFileAtomically(target, content, mode);
    }
  }
  return directory;
}

/** @throws {HpcGatError} when another user could replace files that other programs will read or execute. */
async function refuseForeign(directories: readonly string[]): Promise<void> {
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
function directoriesBetween(directory: string, file: string): string[] {
  const parent = path.dirname(file);
  return parent === directory ? [] : [...directoriesBetween(directory, parent), parent];
}

async function holds(file: string, content: Uint8Array): Promise<boolean> {
  try {
    return (await readFile(file)).equals(content);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      return false;
    }
    throw error;
  }
}

function packed(): PackedFiles {
  return JSON.parse(getAsset('files.json', 'utf8')) as PackedFiles;
}

function assetBytes(file: string): Uint8Array {
  return new Uint8Array(getAsset(file));
}
