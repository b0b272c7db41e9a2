import { access, constants, lstat, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { getOwnAccount, getOwnUid } from '../own-account.ts';
import { explainDirectoryConcern, isOwn } from './ownership.ts';

/*
 * Directories for runs and builds in a project: `.hpc-gat` of the first user, `.hpc-gat-USER` of each colleague who shares
 * the project. Runs are executed, so that nobody uses a directory in which another user can replace them.
 */

const name = '.hpc-gat';

/** Finds the directory of this user in a project, which need not exist. */
export async function findOwnProjectDirectory(root: string): Promise<string> {
  const first = path.join(root, name);
  return (await isUsable(first)) ? first : path.join(root, ownName());
}

function ownName(): string {
  const account = getOwnAccount().name;
  const user = account !== undefined && /^\w[\w.-]*$/.test(account) ? account : String(getOwnUid());
  return `${name}-${user}`;
}

/**
 * Returns whether this user can store runs in a directory: it is missing, or belongs to this user, or root
 * shares it.
 */
async function isUsable(directory: string): Promise<boolean> {
  const runs = path.join(directory, 'runs');
  const [ofDirectory, ofRuns] = await Promise.all([ownerOf(directory), ownerOf(runs)]);
  if (ofDirectory === 'other' || ofRuns === 'other') {
    return false;
  }
  const deepest = ofRuns === 'missing' ? directory : runs;
  return (ofRuns === 'missing' ? ofDirectory : ofRuns) !== 'root' || (await isWritable(deepest));
}

type Owner = 'missing' | 'own' | 'root' | 'other';

async function ownerOf(directory: string): Promise<Owner> {
  const link = await lstat(directory).catch(() => undefined);
  // A link that leads nowhere is reported by the attempt to create the directory.
  const target = await stat(directory).catch(() => undefined);
  if (link === undefined || target === undefined) {
    return link === undefined || isOwn(link) ? 'missing' : 'other';
  }
  if (isOwn(link) && isOwn(target)) {
    return 'own';
  }
  return (await explainDirectoryConcern(directory)) === undefined ? 'root' : 'other';
}

function isWritable(directory: string): Promise<boolean> {
  return access(directory, constants.W_OK).then(
    () => true,
    () => false,
  );
}

/** Lists the directories of all users in a project; some of them may be missing. */
export async function listProjectDirectories(root: string): Promise<string[]> {
  // Those of this user do not depend on a listing, which a file server may not have updated yet.
  const names = new Set([name, ownName(), ...(await readdir(root).catch(() => []))]);
  return [...names]
    .filter((each) => each === name || each.startsWith(`${name}-`))
    .map((each) => path.join(root, each));
}
