import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { getErrorCode, getErrorMessage, UsageError } from '../support/errors.ts';
import { readTextIfPresent } from '../support/files/file-access.ts';
import { findNearest } from '../support/text/suggest.ts';
import { parseConfig, type ParsedConfig } from './config/read-config.ts';

/** Directory of a model on disk. */
export interface ModelDirectory extends ParsedConfig {
  /** Name of the directory, which is the model's name. */
  readonly name: string;
  readonly directory: string;
  readonly configFile: string;
  readonly hasConfig: boolean;
  /** Directories that Triton uses as versions, lowest number first. */
  readonly versions: readonly Version[];
  /** Other directories of the model. */
  readonly otherDirectories: readonly string[];
}

export interface Version {
  readonly number: number;
  readonly directory: string;
  /** Names of the entries of the directory. */
  readonly files: readonly string[];
}

/**
 * Reads the models of a repository, in the order of their names.
 *
 * @param names models to read; all by default
 * @throws {UsageError} when there is no such repository, or no such model in it.
 */
export async function readRepository(
  repository: string,
  names?: readonly string[],
): Promise<ModelDirectory[]> {
  const present = await listModelNames(repository);
  for (const name of names ?? []) {
    if (!present.includes(name)) {
      const meant = findNearest(name, present);
      const known = present.length === 0 ? 'it has none' : `its models are ${present.join(', ')}`;
      throw new UsageError(`no model ${name} in ${repository}`, {
        fix: meant === undefined ? known : `did you mean ${meant}?`,
      });
    }
  }
  return Promise.all((names ?? present).map((name) => readModel(path.join(repository, name))));
}

async function listModelNames(repository: string): Promise<string[]> {
  try {
    return await subdirectories(repository);
  } catch (error) {
    const code = getErrorCode(error);
    throw new UsageError(
      code === 'ENOENT' || code === 'ENOTDIR'
        ? `no model repository at ${repository}`
        : `cannot read ${repository}: ${code ?? String(error)}`,
      {
        fix: 'give the directory that holds the models with --models, or model.repository in hpc-gat.yaml',
        cause: error,
      },
    );
  }
}

/**
 * Reads the directory of one model, in or outside a repository.
 *
 * @throws {UsageError} when something in it cannot be read.
 */
export async function readModel(directory: string): Promise<ModelDirectory> {
  try {
    return await readDirectory(directory);
  } catch (error) {
    const code = getErrorCode(error);
    if (code === undefined || code === 'ENOENT') {
      throw error;
    }
    throw new UsageError(`cannot read the model ${directory}: ${getErrorMessage(error)}`, {
      fix: 'make its directories and its config.pbtxt readable',
      cause: error,
    });
  }
}

async function readDirectory(directory: string): Promise<ModelDirectory> {
  const configFile = path.join(directory, 'config.pbtxt');
  const text = await readTextIfPresent(configFile);
  const directories = await subdirectories(directory);
  const numbered = directories.filter(isVersion).sort((a, b) => Number(a) - Number(b));
  return {
    name: path.basename(directory),
    directory,
    configFile,
    hasConfig: text !== undefined,
    ...parseConfig(text ?? ''),
    versions: await Promise.all(numbered.map((name) => readVersion(path.join(directory, name)))),
    otherDirectories: directories.filter((name) => !isVersion(name)),
  };
}

/** Returns whether Triton uses a directory as a version; it ignores numbers with leading zeros. */
function isVersion(name: string): boolean {
  return /^(?:0|[1-9]\d*)$/.test(name);
}

async function readVersion(directory: string): Promise<Version> {
  return { number: Number(path.basename(directory)), directory, files: (await readdir(directory)).sort() };
}

/** Lists the subdirectories, including symbolic links to directories, by which large models are often added. */
async function subdirectories(directory: string): Promise<string[]> {
  const names = (await readdir(directory)).sort();
  const kinds = await Promise.all(names.map((name) => isDirectory(path.join(directory, name))));
  return names.filter((_, index) => kinds[index]);
}

async function isDirectory(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isDirectory();
  } catch (error) {
    if (getErrorCode(error) === 'ENOENT' || getErrorCode(error) === 'ELOOP') {
      return false;
    }
    throw error;
  }
}
