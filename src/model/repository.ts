import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { codeOf, messageOf, UsageError } from '../support/errors.ts';
import { readTextIfPresent } from '../support/files.ts';
import { nearest } from '../support/suggest.ts';
import { readConfig, type ReadConfig } from './config/read.ts';

/** A model's folder as it lies on the disk. */
export interface ModelFolder extends ReadConfig {
  /** The folder's name, which is the model's. */
  readonly name: string;
  readonly folder: string;
  readonly configFile: string;
  readonly hasConfig: boolean;
  /** Folders that Triton takes for versions, lowest number first. */
  readonly versions: readonly Version[];
  /** Folders that it does not. */
  readonly otherFolders: readonly string[];
}

export interface Version {
  readonly number: number;
  readonly folder: string;
  /** Names of what is in it. */
  readonly files: readonly string[];
}

/**
 * The models of a repository, in the order of their names.
 *
 * @param names only these
 * @throws {UsageError} when there is no such repository, or no such model in it.
 */
export async function readRepository(repository: string, names?: readonly string[]): Promise<ModelFolder[]> {
  const present = await modelNames(repository);
  for (const name of names ?? []) {
    if (!present.includes(name)) {
      const meant = nearest(name, present);
      const known = present.length === 0 ? 'it has none' : `its models are ${present.join(', ')}`;
      throw new UsageError(`no model ${name} in ${repository}`, {
        fix: meant === undefined ? known : `did you mean ${meant}?`,
      });
    }
  }
  return Promise.all((names ?? present).map((name) => readModel(path.join(repository, name))));
}

async function modelNames(repository: string): Promise<string[]> {
  try {
    return await subfolders(repository);
  } catch (error) {
    const code = codeOf(error);
    throw new UsageError(
      code === 'ENOENT' || code === 'ENOTDIR'
        ? `no model repository at ${repository}`
        : `cannot read ${repository}: ${code ?? String(error)}`,
      {
        fix: 'give the folder that holds the models with --models, or model.repository in hpc-gat.yaml',
        cause: error,
      },
    );
  }
}

/**
 * One model's folder, wherever it lies.
 *
 * @throws {UsageError} when something in it cannot be read.
 */
export async function readModel(folder: string): Promise<ModelFolder> {
  try {
    return await readFolder(folder);
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined || code === 'ENOENT') {
      throw error;
    }
    throw new UsageError(`cannot read the model ${folder}: ${messageOf(error)}`, {
      fix: 'make its folders and its config.pbtxt readable',
      cause: error,
    });
  }
}

async function readFolder(folder: string): Promise<ModelFolder> {
  const configFile = path.join(folder, 'config.pbtxt');
  const text = await readTextIfPresent(configFile);
  const folders = await subfolders(folder);
  const numbered = folders.filter(isVersion).sort((a, b) => Number(a) - Number(b));
  return {
    name: path.basename(folder),
    folder,
    configFile,
    hasConfig: text !== undefined,
    ...readConfig(text ?? ''),
    versions: await Promise.all(numbered.map((name) => readVersion(path.join(folder, name)))),
    otherFolders: folders.filter((name) => !isVersion(name)),
  };
}

/** Triton passes over folders whose number begins with 0. */
function isVersion(name: string): boolean {
  return /^(?:0|[1-9]\d*)$/.test(name);
}

async function readVersion(folder: string): Promise<Version> {
  return { number: Number(path.basename(folder)), folder, files: (await readdir(folder)).sort() };
}

/** Links to folders count: that is how large models are often put into a repository. */
async function subfolders(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).sort();
  const kinds = await Promise.all(names.map((name) => isFolder(path.join(folder, name))));
  return names.filter((_, index) => kinds[index]);
}

async function isFolder(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isDirectory();
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ELOOP') {
      return false;
    }
    throw error;
  }
}
