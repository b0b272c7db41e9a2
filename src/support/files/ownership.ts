import { constants, type Stats } from 'node:fs';
import { chmod, lstat, open, readFile, readlink, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { getGroupName, isPrivateGroup, getUserName } from '../account-names.ts';
import { hasAccessControlList } from './access-control-list.ts';
import { getErrorCode, getErrorMessage, UsageError } from '../errors.ts';
import { decodeUtf8 } from '../text/utf8.ts';

/*
 * Trust in files on a shared file system, where a path alone does not show who wrote a file. A file is trusted when its
 * owner is this user or root and no other user can write or replace it.
 */

/** Owner, group and mode of a file or directory from stat(2). */
export type FileFacts = Pick<Stats, 'uid' | 'gid' | 'mode'>;

/** Users whose files are trusted. */
export interface Viewer {
  readonly uid: number;
  /** Owner of directories that count as those of root: the overflow user, in a user namespace that does not map root. */
  readonly directoryUid?: number | undefined;
}

/** Reason for distrust: another owner, the members of the group, or everybody can change the file. */
export type Concern = 'owner' | 'group' | 'everybody';

const groupWrite = 0o020;
const otherWrite = 0o002;
const sticky = 0o1000;
/** Search permission of group and others for a directory. */
const othersSearch = 0o011;
/** Limit of symbolic links in one path, as in Linux. */
const maxLinks = 40;

/** Finds the reason for distrust from the facts alone. Write permission for a sticky directory is harmless. */
export function findConcern({ uid, gid, mode }: FileFacts, viewer: Viewer): Concern | undefined {
  const type = mode & constants.S_IFMT;
  const trusted = [viewer.uid, 0, ...(type === constants.S_IFDIR ? [viewer.directoryUid] : [])];
  if (!trusted.includes(uid)) {
    return 'owner';
  }
  if (type === constants.S_IFLNK || (type === constants.S_IFDIR && (mode & sticky) !== 0)) {
    return undefined;
  }
  if ((mode & otherWrite) !== 0) {
    return 'everybody';
  }
  return (mode & groupWrite) !== 0 && gid !== 0 ? 'group' : undefined;
}

/** Options for checking and naming a file. */
interface ConcernOptions {
  /** Name of the file in the message. */
  readonly subject?: string;
  /** True when no other user can reach the file, so that only its owner counts. */
  readonly isPrivate?: boolean;
  /** Path of the file, whose access control list is checked too. */
  readonly file?: string;
}

/**
 * Explains, for a message, which other user than this one and root controls a file or directory: `it belongs to bob`.
 */
export async function explainConcern(
  facts: FileFacts,
  { subject = 'it', isPrivate = false, file }: ConcernOptions = {},
): Promise<string | undefined> {
  const concern = findConcern(facts, await currentViewer());
  if (concern === undefined || (isPrivate && concern !== 'owner')) {
    return undefined;
  }
  const owner = await getUserName(facts.uid);
  if (concern === 'group' && (await isPrivateGroup(facts.gid))) {
    // With such a list, the bits of the group are the highest permissions that the list gives to anybody.
    return file !== undefined && (await hasAccessControlList(file))
      ? `${subject} belongs to ${owner} and can be changed by users in its access control list`
      : undefined;
  }
  if (concern === 'owner') {
    return `${subject} belongs to ${owner}`;
  }
  const mode = (facts.mode & 0o7777).toString(8).padStart(4, '0');
  const who = concern === 'everybody' ? 'everybody' : `group ${await getGroupName(facts.gid)}`;
  return `${subject} belongs to ${owner} and can be changed by ${who} (mode ${mode})`;
}

/**
 * Explains which user other than this one and root controls the entries of a directory, or the link that
 * leads to it; undefined when there is none. Parent directories are not checked: entries need a trusted owner
 * themselves.
 */
export async function explainDirectoryConcern(directory: string): Promise<string | undefined> {
  const link = await lstat(directory).catch(() => undefined);
  const facts = await stat(directory).catch(() => undefined);
  const ofLink = link?.isSymbolicLink() === true ? await explainConcern(link) : undefined;
  return ofLink ?? (facts === undefined ? undefined : await explainConcern(facts, { file: directory }));
}

/**
 * Removes write permission of others, as from a umask of 002, on a directory of this user.
 *
 * @returns the explanation of a remaining concern; undefined on success.
 */
export async function claimDirectory(directory: string): Promise<string | undefined> {
  const concern = await explainDirectoryConcern(directory);
  if (concern === undefined) {
    return undefined;
  }
  const [link, facts] = await Promise.all([lstat(directory), stat(directory)]);
  if (!isOwn(link) || !isOwn(facts)) {
    return concern;
  }
  await chmod(directory, facts.mode & 0o7755);
  // Some file systems ignore the mode.
  return explainDirectoryConcern(directory);
}

/** Returns whether this user owns a file or directory. For root, only files of root count. */
export function isOwn({ uid }: Pick<Stats, 'uid'>): boolean {
  return uid === process.getuid?.();
}

/**
 * Explains why a file is not trusted, from its facts and those of every directory and symbolic link on its path;
 * undefined for a file that only this user and root can change or replace.
 *
 * @throws the error of the system for a missing file.
 */
export async function explainDistrust(file: string): Promise<string | undefined> {
  return (await checkPath(file)).distrust;
}

interface PathTrust {
  readonly distrust?: string;
  /**
   * True when the path leads through a directory of this user that no other user can enter, such as a home of
   * mode 0700.
   */
  readonly isPrivate: boolean;
}

async function checkPath(file: string): Promise<PathTrust> {
  let current = '/';
  let isPrivate = false;
  let links = 0;
  const names = path.resolve(file).split('/');
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    const next = path.join(current, name);
    const facts = await lstat(next);
    isPrivate &&= name !== '..';
    const concern = await explainConcern(facts, {
      subject: next === file ? 'it' : next,
      isPrivate,
      file: next,
    });
    if (concern !== undefined) {
      return { distrust: concern, isPrivate };
    }
    if (facts.isSymbolicLink()) {
      links += 1;
      if (links > maxLinks) {
        return { distrust: 'its symbolic links lead in a circle', isPrivate };
      }
      const target = await readlink(next);
      names.unshift(...target.split('/'));
      if (path.isAbsolute(target)) {
        current = '/';
        isPrivate = false;
      }
    } else {
      current = next;
      isPrivate ||= facts.isDirectory() && isOwn(facts) && (facts.mode & othersSearch) === 0;
    }
  }
  return { isPrivate };
}

/** Text of a trusted file, or the reason why it was not read. */
export type TrustedText = { readonly text: string } | { readonly distrust: string };

/**
 * Reads a file that only this user and root can change. The owner of the open file is checked, so that the file cannot be
 * replaced between the check and the read.
 *
 * @returns undefined for a missing file.
 * @throws {UsageError} for a trusted file that is not UTF-8.
 */
export async function readTrustedText(file: string): Promise<TrustedText | undefined> {
  if ((await lstat(file).catch(() => undefined)) === undefined) {
    return undefined;
  }
  try {
    const { distrust, isPrivate } = await checkPath(file);
    return distrust === undefined ? await readContent(file, isPrivate) : { distrust };
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(getErrorCode(error) ?? '')) {
      return undefined;
    }
    if (error instanceof UsageError) {
      throw error;
    }
    return { distrust: `it cannot be read (${getErrorMessage(error)})` };
  }
}

/**
 * Reads a file whose content only this user and root can change, in any directory; undefined for other files and missing
 * ones.
 */
export async function readUncontestedText(file: string): Promise<string | undefined> {
  const read = await readContent(file).catch(() => undefined);
  return read !== undefined && 'text' in read ? read.text : undefined;
}

async function readContent(file: string, isPrivate = false): Promise<TrustedText> {
  const handle = await openWithoutWaiting(file);
  try {
    const facts = await handle.stat();
    if (!facts.isFile()) {
      return { distrust: `it is ${facts.isDirectory() ? 'a directory' : 'not a regular file'}` };
    }
    const concern = await explainConcern(facts, { isPrivate, file: `/proc/${process.pid}/fd/${handle.fd}` });
    return concern === undefined
      ? { text: decodeUtf8(await handle.readFile(), file) }
      : { distrust: concern };
  } finally {
    await handle.close();
  }
}

/** Opens a file without waiting for a writer, in case it is a named pipe. */
function openWithoutWaiting(file: string, flags = 0): Promise<FileHandle> {
  return open(file, constants.O_RDONLY | constants.O_NONBLOCK | flags);
}

/**
 * Reads a small regular file that this user owns; undefined for symbolic links, other files and missing ones.
 */
export async function readOwnText(file: string, maxBytes = 64 * 1024): Promise<string | undefined> {
  const handle = await openWithoutWaiting(file, constants.O_NOFOLLOW).catch(() => undefined);
  try {
    const facts = await handle?.stat();
    return facts?.isFile() === true && isOwn(facts) && facts.size <= maxBytes
      ? await handle?.readFile('utf8')
      : undefined;
  } finally {
    await handle?.close();
  }
}

/**
 * Returns the trusted users of this process. In a user namespace that does not map root, as in a rootless container, files
 * of root and of other users belong to the overflow user (user_namespaces(7)): its directories are trusted, its files are
 * not.
 */
function currentViewer(): Promise<Viewer> {
  viewer ??= readViewer();
  return viewer;
}

let viewer: Promise<Viewer> | undefined;

async function readViewer(): Promise<Viewer> {
  const read = (file: string) => readFile(file, 'utf8').catch(() => '');
  const uid = process.getuid?.() ?? 0;
  if (/^\s*0\s+0\s+4294967295\s*$/.test(await read('/proc/self/uid_map'))) {
    return { uid };
  }
  const overflow = Number.parseInt(await read('/proc/sys/kernel/overflowuid'), 10);
  return { uid, directoryUid: Number.isNaN(overflow) ? undefined : overflow };
}
