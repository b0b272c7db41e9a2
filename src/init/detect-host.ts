import { lstat, readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { findRuntimeModule } from '../apptainer/find-module.ts';
import { findDefaultAccount } from '../slurm/account.ts';
import { listPartitions, type Partition } from '../slurm/list-partitions.ts';
import type { Context } from '../support/context.ts';
import { HpcGatError } from '../support/errors.ts';
import { getOwnName } from '../support/own-account.ts';
import { findProgram } from '../support/processes/find-program.ts';
import { isMissing } from '../support/files/file-access.ts';

/** Properties of a host and a directory. */
export interface HostFacts {
  readonly host: string;
  readonly partitions: readonly Partition[];
  /** Reason why no partition is known; undefined when Slurm listed them. */
  readonly noPartitions: string | undefined;
  readonly account: string | undefined;
  /** Path of the container runtime; undefined when it is not on the PATH. */
  readonly program: string | undefined;
  /** Module that provides the runtime, when it is not on the PATH. */
  readonly module: string | undefined;
  /** SIF files of the directory, newest first. */
  readonly sifFiles: readonly string[];
  /** Models below `models/`; undefined when there is no such directory. */
  readonly models: readonly string[] | undefined;
}

/** Detects properties by Slurm, the PATH, the module system and the directory; missing ones are no error. */
export async function detectHost(context: Context): Promise<HostFacts> {
  const { env, cwd } = context;
  const program = findProgram('apptainer', env) ?? findProgram('singularity', env);
  const { partitions, noPartitions } = await queryPartitions(context);
  return {
    host: hostname(),
    partitions,
    noPartitions,
    account: noPartitions === undefined ? await findDefaultAccount(context, getOwnName(context)) : undefined,
    program,
    module: program === undefined ? await findRuntimeModule(context) : undefined,
    sifFiles: await listSifFiles(cwd),
    models: await listModels(path.join(cwd, 'models')),
  };
}

async function queryPartitions(context: Context): Promise<Pick<HostFacts, 'partitions' | 'noPartitions'>> {
  try {
    const partitions = await listPartitions(context);
    return {
      partitions,
      noPartitions: partitions.length === 0 ? 'sinfo shows no partition' : undefined,
    };
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof HpcGatError) {
      return { partitions: [], noPartitions: error.message };
    }
    throw error;
  }
}

async function listSifFiles(directory: string): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sif'));
  const dated = await Promise.all(
    names.map(async (name) => ({ name, changedMs: (await lstat(path.join(directory, name))).mtimeMs })),
  );
  return dated.sort((a, b) => b.changedMs - a.changedMs).map(({ name }) => name);
}

/** Lists the directories that Triton would use as models, with or without versions. */
async function listModels(directory: string): Promise<string[] | undefined> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map(({ name }) => name)
      .sort();
  } catch (error) {
    if (isMissing(error)) {
      return undefined;
    }
    throw error;
  }
}
