import { constants, type Stats } from 'node:fs';
import { chmod, lstat, open, readFile, readlink, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { groupName, isPrivateGroup, userName } from './account-names.ts';
import { codeOf, messageOf } from './errors.ts';

/*
 * On a shared file system a path alone says nothing about who wrote what is there. A file is trusted when its owner is
 * this user or root and nobody else can write or replace it.
 */

/** What stat(2) says about the control over a file or directory. */
export type FileFacts = Pick<Stats, 'uid' | 'gid' | 'mode'>;

/** Whom a user trusts. */
export interface Viewer {
  readonly uid: number;
  /** Owner of directories that count as those of root: the overflow user, in a user namespace that does not map root. */
  readonly directoryUid?: number | undefined;
}

/** Who else can change a file: another owner, the members of its group, everybody. */
export type Concern = 'owner' | 'group' | 'everybody';

const groupWrite = 0o020;
const otherWrite = 0o002;
const sticky = 0o1000;
/** Permission of group and others to reach what is in a directory. */
const othersSearch = 0o011;
/** The limit of Linux for symbolic links in one path. */
const maxLinks = 40;

/** Decides from the facts alone. Entries of a sticky directory belong to their owners, whoever may write into it. */
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

/**
 * Says who else than this user and root controls a file or directory, for a message: `it belongs to bob`.
 *
 * @param subject how the message calls it
 * @param isPrivate whether nobody else reaches it, so that its owner alone counts
 */
export async function explainConcern(
  facts: FileFacts,
  { subject = 'it', isPrivate = false } = {},
): Promise<string | undefined> {
  const concern = findConcern(facts, await currentViewer());
  if (
    concern === undefined ||
    (isPrivate && concern !== 'owner') ||
    (concern === 'group' && (await isPrivateGroup(facts.gid)))
  ) {
    return undefined;
  }
  const owner = await userName(facts.uid);
  if (concern === 'owner') {
    return `${subject} belongs to ${owner}`;
  }
  const mode = (facts.mode & 0o7777).toString(8).padStart(4, '0');
  const who = concern === 'everybody' ? 'everybody' : `group ${await groupName(facts.gid)}`;
  return `${subject} belongs to ${owner} and can be changed by ${who} (mode ${mode})`;
}

/**
 * Says who else than this user and root controls what a directory contains, or the link that leads to it; undefined where
 * there is none. Directories above it are not examined: what is in it has to have a trusted owner itself.
 */
export async function explainFolderConcern(folder: string): Promise<string | undefined> {
  const link = await lstat(folder).catch(() => undefined);
  const facts = await stat(folder).catch(() => undefined);
  const ofLink = link?.isSymbolicLink() === true ? await explainConcern(link) : undefined;
  return ofLink ?? (facts === undefined ? undefined : await explainConcern(facts));
}

/**
 * Takes write permission on a directory of this user from others, as a umask of 002 has given it.
 *
 * @returns who else controls it where that is not possible.
 */
export async function claimFolder(folder: string): Promise<string | undefined> {
  const concern = await explainFolderConcern(folder);
  if (concern === undefined) {
    return undefined;
  }
  const [link, facts] = await Promise.all([lstat(folder), stat(folder)]);
  if (!isOwn(link) || !isOwn(facts)) {
    return concern;
  }
  await chmod(folder, facts.mode & 0o7755);
  return undefined;
}

/** Whether this user owns a file or directory. Root owns its own alone. */
export function isOwn({ uid }: Pick<Stats, 'uid'>): boolean {
  return uid === process.getuid?.();
}

/**
 * Says why a file cannot be trusted, with every directory and symbolic link that its path goes through; undefined for one
 * that only this user and root can change or replace.
 *
 * @throws what the system says of a file that is not there.
 */
export async function explainDistrust(file: string): Promise<string | undefined> {
  return (await examinePath(file)).distrust;
}

interface ExaminedPath {
  readonly distrust?: string;
  /** Whether it lies below a directory of this user that nobody else can enter, such as a home of mode 0700. */
  readonly isPrivate: boolean;
}

async function examinePath(file: string): Promise<ExaminedPath> {
  let current = '/';
  let isPrivate = false;
  let links = 0;
  const names = path.resolve(file).split('/');
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    const next = path.join(current, name);
    const facts = await lstat(next);
    isPrivate &&= name !== '..';
    const concern = await explainConcern(facts, { subject: next === file ? 'it' : next, isPrivate });
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

/** A text that was read, or the reason why it was not. */
export type TrustedText = { readonly text: string } | { readonly distrust: string };

/**
 * Reads a file that only this user and root can change. The owner is that of the open file, so that nothing else can take
 * its place in between.
 *
 * @returns undefined when there is no such file.
 */
export async function readTrustedText(file: string): Promise<TrustedText | undefined> {
  if ((await lstat(file).catch(() => undefined)) === undefined) {
    return undefined;
  }
  try {
    const { distrust, isPrivate } = await examinePath(file);
    return distrust === undefined ? await readContent(file, isPrivate) : { distrust };
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) {
      return undefined;
    }
    return { distrust: `it cannot be read (${messageOf(error)})` };
  }
}

/**
 * Reads a file whose content only this user and root can change, wherever it lies; undefined for any other, and where there
 * is none.
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
    const concern = await explainConcern(facts, { isPrivate });
    return concern === undefined ? { text: await handle.readFile('utf8') } : { distrust: concern };
  } finally {
    await handle.close();
  }
}

/** Without waiting for a writer where somebody put a named pipe. */
function openWithoutWaiting(file: string, flags = 0): Promise<FileHandle> {
  return open(file, constants.O_RDONLY | constants.O_NONBLOCK | flags);
}

/**
 * Reads a small regular file that this user owns and that is no symbolic link; undefined for anything else, and where there
 * is none.
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
 * In a user namespace that does not map root, as in a container without root, everything of root appears as that of the
 * overflow user (user_namespaces(7)), and so does everything of other users: directories pass, files do not.
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
