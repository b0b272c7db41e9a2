import { writeFileSync, type Stats } from 'node:fs';
import { lstat, mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { getErrorCode, HpcGatError, getErrorMessage, UsageError } from '../../support/errors.ts';
import { isOwn, readOwnText } from '../../support/files/ownership.ts';
import {
  findIdentity,
  isRunning,
  getOwnIdentity,
  parseIdentity,
} from '../../support/processes/process-identity.ts';
import { isGroupLeft, signalGroup } from '../../support/processes/process-group.ts';
import { removeTree } from '../../support/files/remove-tree.ts';

/** Temporary files of a conversion. */
export interface TempDir {
  /** Path of the incomplete SIF, on the file system of the output, so that a rename publishes it. */
  readonly sif: string;
  /** Empty directory for the engine. */
  readonly engineDir: string;
  /** Records a process of this conversion, for the next run that finds this directory. */
  readonly noteChild: (pid: number) => void;
  /** Removes everything; may be called twice. */
  remove(): Promise<void>;
}

const sifFile = 'image.sif';
const engineDirName = 'scratch';
const childFile = 'child.json';
/** Time for Apptainer to remove its unpacked files after SIGTERM. */
const childEndMs = 5000;

/** Age after which files of another host, whose processes cannot be queried, count as abandoned. */
const otherHostExpiryMs = 24 * 3600 * 1000;

/**
 * Creates the directories of one conversion, after removing those that dead conversions of the same output left
 * behind.
 *
 * @param tempParent parent of the temporary directory; the directory of the output if undefined.
 * @param usesTempDir whether the engine needs a temporary directory; otherwise nothing is created in `tempParent`.
 * @throws {UsageError} if a directory does not exist or cannot be written.
 */
export async function createTempDir(
  output: string,
  tempParent = path.dirname(output),
  usesTempDir = true,
): Promise<TempDir> {
  const { host, pid, startTicks } = getOwnIdentity();
  const beside = path.dirname(output);
  const name = path.basename(output);
  for (const parent of new Set([beside, tempParent])) {
    await removeLeftovers(parent, name);
  }
  const parents = [...new Set(usesTempDir ? [beside, tempParent] : [beside])];
  const directories = parents.map((parent) =>
    path.join(parent, `.${name}.${host}-${pid}-${startTicks}.work`),
  );
  for (const directory of directories) {
    await makeDirectory(directory);
  }
  const engineDir = path.join(directories.at(-1) ?? '', engineDirName);
  await mkdir(engineDir);
  return {
    sif: path.join(directories[0] ?? '', sifFile),
    engineDir,
    noteChild: (pid) => {
      writeFileSync(path.join(directories[0] ?? '', childFile), JSON.stringify(findIdentity(pid) ?? {}));
    },
    remove: async () => {
      await Promise.all(directories.map(removeTree));
    },
  };
}

async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o700 });
  } catch (error) {
    throw explainFileError(path.dirname(directory), error);
  }
}

/** Returns the error for the user if `cause` means that nothing can be written in `directory`; else `cause` itself. */
export function explainFileError(directory: string, cause: unknown): unknown {
  const code = getErrorCode(cause) ?? '';
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new UsageError(`the directory ${directory} does not exist`, {
      fix: `mkdir -p ${directory}`,
      cause,
    });
  }
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
    const fix = "choose another location: -o FILE for the SIF, --tmpdir DIR for Apptainer's temporary files";
    return new UsageError(`you cannot write in ${directory}`, { fix, cause });
  }
  return toNoSpaceError(directory, cause) ?? cause;
}

/** Returns the error for a full disk or quota, if `cause` reports one. */
export function toNoSpaceError(directory: string, cause: unknown): HpcGatError | undefined {
  return /ENOSPC|EDQUOT|no space left on device|disk quota exceeded/i.test(getErrorMessage(cause))
    ? new HpcGatError(`no space left in ${directory}`, {
        fix: "free some space, or choose a larger file system: -o FILE for the SIF, --tmpdir DIR for Apptainer's temporary files",
        cause,
      })
    : undefined;
}

/** Removes directories and lock candidates that ended processes of this user left behind. */
async function removeLeftovers(parent: string, name: string): Promise<void> {
  // A directory that cannot be read is reported by the later attempt to write in it.
  const entries = await readdir(parent).catch(() => []);
  for (const entry of entries) {
    const leftover = path.join(parent, entry);
    if (entry.startsWith(`.${name}.`) && (await isLeftover(parent, entry, name))) {
      await endChild(path.join(leftover, childFile));
      await removeTree(leftover);
    }
  }
}

async function isLeftover(parent: string, entry: string, name: string): Promise<boolean> {
  const rest = entry.slice(name.length + 2);
  const [, host, pid, startTicks] =
    /^(?:lock\.)?(.+)-(\d+)-(\d+)(?:\.work|\.\d+|\.\d+\.dead)$/.exec(rest) ?? [];
  // Another conversion may be removing it at this moment.
  const found = await lstat(path.join(parent, entry)).catch(() => undefined);
  if (host === undefined || found === undefined || !(await isMadeHere(path.join(parent, entry), found))) {
    return false;
  }
  const running = isRunning({ host, pid: Number(pid), startTicks: Number(startTicks) });
  if (running !== undefined) {
    return !running;
  }
  return Date.now() - found.mtimeMs > otherHostExpiryMs;
}

/**
 * Returns whether a conversion of this user created a directory. In a directory that others can write, they can
 * rename any directory of this user to such a name; therefore the contents are checked as well.
 */
async function isMadeHere(entry: string, found: Stats): Promise<boolean> {
  if (!isOwn(found) || !found.isDirectory()) {
    return isOwn(found) && found.isFile() && entry.includes('.lock.');
  }
  const names = await readdir(entry).catch(() => ['unreadable']);
  return names.every((name) => [engineDirName, childFile].includes(name) || name.startsWith(sifFile));
}

/** Ends the engine of a killed conversion, which keeps running; its process id and start time were recorded. */
async function endChild(file: string): Promise<void> {
  const child = parseIdentity((await readOwnText(file)) ?? '');
  if (child === undefined || isRunning(child) !== true || !signalGroup(child.pid, 'SIGTERM')) {
    return;
  }
  const end = Date.now() + childEndMs;
  while (isRunning(child) === true && Date.now() < end) {
    await delay(50);
  }
  signalGroup(child.pid, 'SIGKILL');
  // The process ends asynchronously, and may still write into the directory that is about to be removed.
  const gone = Date.now() + childEndMs;
  while (isGroupLeft(child.pid) && Date.now() < gone) {
    await delay(10);
  }
}
