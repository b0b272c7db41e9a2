import { chmod, lstat, mkdir, readdir, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { getErrorCode, UsageError } from '../../support/errors.ts';
import { getFileSystemType } from '../../support/files/file-system-type.ts';
import { isMissing } from '../../support/files/file-access.ts';
import { claimDirectory, explainConcern, type FileFacts, isOwn } from '../../support/files/ownership.ts';
import { listProjectDirectories } from '../../support/files/project-directories.ts';

const ownProject = 'make a project of your own: copy hpc-gat.yaml into a directory that belongs to you';

/**
 * Creates the directory of this user's runs in a project, in which no other user may replace files: a run directory that is
 * replaced between its creation and its start would be executed.
 *
 * @param directory as in `ROOT/.hpc-gat/runs`
 * @throws {UsageError} when another user could replace it.
 */
export async function createRunsDirectory(directory: string): Promise<void> {
  for (const each of [path.dirname(directory), directory]) {
    try {
      await createOwnDirectory(each, 0o755);
    } catch (error) {
      if (getErrorCode(error) !== 'EEXIST' || !(await isDirectory(each))) {
        throw error;
      }
      await keepFromOthers(each);
    }
  }
}

/** Mode of a directory, which tests replace. */
export interface ModeCalls {
  readonly lstat: (directory: string) => Promise<FileFacts>;
  readonly chmod: (directory: string, mode: number) => Promise<void>;
}

/**
 * Creates a directory that belongs to this user and gives no more permissions than `mode`. Some file systems set another
 * owner or mode, which would expose the keys of a run, or let others replace its script: CIFS and WSL as they were mounted,
 * NFSv4 by inherited access control lists.
 *
 * @throws {UsageError} when the file system does not store owner and mode; the directory is removed.
 */
export async function createOwnDirectory(
  directory: string,
  mode: number,
  calls: ModeCalls = { lstat, chmod },
): Promise<void> {
  await mkdir(directory, { mode });
  if (await isAsRequested(directory, mode, calls)) {
    return;
  }
  await calls.chmod(directory, mode).catch(() => undefined);
  if (await isAsRequested(directory, mode, calls)) {
    return;
  }
  const facts = await calls.lstat(directory);
  const requested = mode.toString(8).padStart(4, '0');
  const given = (facts.mode & 0o777).toString(8).padStart(4, '0');
  const owner = isOwn(facts) ? '' : `, and belongs to the user with id ${facts.uid}`;
  const type = await getFileSystemType(directory);
  await rmdir(directory);
  throw new UsageError(
    `runs cannot be stored in ${path.dirname(directory)}: its file system (${type}) does not keep the mode of a new directory: ${path.basename(directory)} was created with mode ${requested} and has mode ${given}${owner}`,
    {
      fix: 'put the project on a file system that keeps modes and owners, for example your home; on WSL, mount the drive with the option metadata',
    },
  );
}

async function isAsRequested(directory: string, mode: number, calls: ModeCalls): Promise<boolean> {
  const facts = await calls.lstat(directory);
  return isOwn(facts) && (facts.mode & 0o777 & ~mode) === 0;
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
    throw new UsageError(
      `runs cannot be stored in ${directory}, where others could replace them: ${concern}`,
      {
        fix: ownProject,
      },
    );
  }
}

/** Directories of a project's runs, by owner. */
export interface RunsOfProject {
  /** Directories of this user's runs. */
  readonly own: readonly string[];
  /** Directories of runs of other users, and of runs that others could have written. */
  readonly others: readonly string[];
}

/** Lists the runs of a project. Directories of other users that this user cannot read are omitted. */
export async function listRunDirectories(root: string): Promise<RunsOfProject> {
  const own: string[] = [];
  const others: string[] = [];
  for (const project of await listProjectDirectories(root)) {
    const runs = path.join(project, 'runs');
    // A link of another user could lead to the runs of this user in another project.
    if ((await isLinkOfOtherUser(project)) || (await isLinkOfOtherUser(runs))) {
      continue;
    }
    for (const name of await namesIn(runs)) {
      const run = path.join(runs, name);
      const facts = await lstat(run).catch(() => undefined);
      if (facts?.isDirectory() === true) {
        const isMine =
          isOwn(facts) &&
          (await explainConcern(facts, { file: run })) === undefined &&
          (facts.mode & 0o1000) === 0;
        (isMine ? own : others).push(run);
      }
    }
  }
  return { own, others };
}

async function isLinkOfOtherUser(directory: string): Promise<boolean> {
  const facts = await lstat(directory).catch(() => undefined);
  return facts?.isSymbolicLink() === true && (await explainConcern(facts)) !== undefined;
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error) || !(await areOwn([path.dirname(directory), directory]))) {
      return [];
    }
    throw error;
  }
}

/** Returns whether directories belong to this user, as far as they can be accessed. */
async function areOwn(directories: readonly string[]): Promise<boolean> {
  const all = await Promise.all(directories.map((each) => stat(each).catch(() => undefined)));
  return all.every((facts) => facts === undefined || isOwn(facts));
}
