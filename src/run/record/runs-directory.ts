import { lstat, mkdir, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { getErrorCode, UsageError } from '../../support/errors.ts';
import { isMissing } from '../../support/files/file-access.ts';
import { claimDirectory, explainConcern, isOwn } from '../../support/files/ownership.ts';
import { getRunsDirectory } from '../plan/run-plan.ts';

const ownProject = 'make a project of your own: copy hpc-gat.yaml into a directory that belongs to you';

/**
 * Creates the directory of a project's runs, in which no other user may replace files: a run directory that is replaced
 * between its creation and its start would be executed.
 *
 * @throws {UsageError} when another user could replace it.
 */
export async function createRunsDirectory(root: string): Promise<void> {
  const directory = getRunsDirectory(root);
  for (const each of [path.dirname(directory), directory]) {
    try {
      await mkdir(each, { mode: 0o755 });
    } catch (error) {
      if (getErrorCode(error) !== 'EEXIST' || !(await isDirectory(each))) {
        throw error;
      }
      await keepFromOthers(each);
    }
  }
}

function isDirectory(directory: string): Promise<boolean> {
  return stat(directory).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
}

/** Removes write permission of others, as from a umask of 002. @throws {UsageError} for a directory of another user. */
async function keepFromOthers(directory: string): Promise<void> {
  const concern = await claimDirectory(directory);
  if (concern !== undefined) {
    throw new UsageError(`runs cannot be kept in ${directory}: ${concern}, who could exchange them`, {
      fix: ownProject,
    });
  }
}

/** Ids of a project's runs, by owner. */
export interface RunsOfProject {
  /** Ids of this user's runs. */
  readonly own: readonly string[];
  /** Ids of runs of other users, and of runs that others could have written. */
  readonly foreign: readonly string[];
}

/** @throws {UsageError} for a directory of runs that this user cannot read. */
export async function listRunIds(root: string): Promise<RunsOfProject> {
  const directory = getRunsDirectory(root);
  const own: string[] = [];
  const foreign: string[] = [];
  for (const name of await namesIn(directory)) {
    const facts = await lstat(path.join(directory, name)).catch(() => undefined);
    if (facts?.isDirectory() === true) {
      const isMine =
        isOwn(facts) && (await explainConcern(facts)) === undefined && (facts.mode & 0o1000) === 0;
      (isMine ? own : foreign).push(name);
    }
  }
  return { own, foreign };
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) {
      return [];
    }
    const concern = await firstConcern([path.dirname(directory), directory]);
    throw concern === undefined
      ? error
      : new UsageError(`the runs in ${directory} cannot be listed: ${concern}`, {
          fix: ownProject,
          cause: error,
        });
  }
}

async function firstConcern(directories: readonly string[]): Promise<string | undefined> {
  for (const directory of directories) {
    const facts = await stat(directory).catch(() => undefined);
    const concern = facts === undefined ? undefined : await explainConcern(facts, { subject: directory });
    if (concern !== undefined) {
      return concern;
    }
  }
  return undefined;
}
