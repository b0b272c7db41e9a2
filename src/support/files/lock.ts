import { randomInt } from 'node:crypto';
import { constants } from 'node:fs';
import { link, lstat, lutimes, open, rm, stat, writeFile } from 'node:fs/promises';
import { getUserName } from '../account-names.ts';
import type { Context } from '../context.ts';
import { hashBytes } from './digest.ts';
import { getErrorCode, HpcGatError, NotReadyError } from '../errors.ts';
import { isMissing } from './file-access.ts';
import {
  findIdentity,
  isOfOwnNamespace,
  isRunning,
  getOwnIdentity,
  parseIdentity,
  type ProcessIdentity,
} from '../processes/process-identity.ts';

export interface LockOptions {
  /**
   * Called once for each owner that is waited for, with the name of the user if it is another user's process.
   */
  readonly onWait: (owner: ProcessIdentity | undefined, user: string | undefined) => void;
  readonly clock: Context['clock'];
  readonly signal: AbortSignal;
}

const pollMs = 300;
const heartbeatMs = 15_000;
/** Time without renewal after which an owner on another host, or of another user, counts as dead. */
const expiryMs = 120_000;
/** Longest wait for the lock of another user, who may hold it out of malice. */
const otherUserWaitMs = 30 * 60_000;
/** Longest text of a lock. */
const maxBytes = 4_096;

/**
 * Acquires the lock `file`, waiting for its owner; resolves to the function that releases it.
 *
 * The lock is made by `link`, which is atomic on NFS and Lustre too, where `flock` may be disabled. An owner
 * on this host holds the lock while its process runs; an owner on another host, or of another user, while it
 * renews the file's time.
 *
 * @throws {NotReadyError} when another user has held it for half an hour.
 * @throws {HpcGatError} when the file is not a lock, or another user has to remove it.
 */
export async function acquireLock(file: string, options: LockOptions): Promise<() => Promise<void>> {
  let reported: string | undefined;
  let blockedSinceMs: number | undefined;
  for (;;) {
    options.signal.throwIfAborted();
    const { candidate, content } = await createCandidate(file);
    try {
      if (await tryLink(candidate, file)) {
        return holdLock(file, content);
      }
      const held = await readLock(file);
      if (held === undefined) {
        continue;
      }
      const isOtherUsers = held.uid !== (await stat(candidate)).uid;
      const owner = parseIdentity(held.text);
      let isBeingRemoved = false;
      if (await isAbandoned(file, owner, candidate)) {
        if (await removeAbandoned(file, held.text, candidate)) {
          continue;
        }
        isBeingRemoved = true;
      } else if (reported !== held.text) {
        options.onWait(owner, isOtherUsers ? await getUserName(held.uid) : undefined);
        reported = held.text;
      }
      const nowMs = options.clock.now().getTime();
      blockedSinceMs = isOtherUsers || isBeingRemoved ? (blockedSinceMs ?? nowMs) : undefined;
      if (blockedSinceMs !== undefined && nowMs - blockedSinceMs > otherUserWaitMs) {
        throw new NotReadyError(
          `${file} has been locked by ${await getUserName(held.uid)} for more than ${otherUserWaitMs / 60_000} minutes`,
          { fix: 'ask this user, or name another file' },
        );
      }
    } finally {
      await rm(candidate, { force: true });
    }
    await options.clock.sleep(pollMs, options.signal);
  }
}

/** Creates a file of this process beside the lock, with an unpredictable name; an existing file is never written to. */
async function createCandidate(file: string): Promise<{ candidate: string; content: string }> {
  const { host, pid, startTicks } = getOwnIdentity();
  for (;;) {
    const attempt = randomInt(2 ** 47);
    const candidate = `${file}.${host}-${pid}-${startTicks}.${attempt}`;
    const content = JSON.stringify({ host, pid, startTicks, attempt });
    try {
      await writeFile(candidate, content, { flag: 'wx', mode: 0o644 });
      return { candidate, content };
    } catch (error) {
      if (getErrorCode(error) !== 'EEXIST') {
        throw error;
      }
    }
  }
}

interface HeldLock {
  readonly text: string;
  readonly uid: number;
}

/** @throws {HpcGatError} for a link, a pipe or any other file that was not created as a lock. */
async function readLock(file: string): Promise<HeldLock | undefined> {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
  let handle;
  try {
    handle = await open(file, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
    const facts = await handle.stat();
    if (facts.isFile() && facts.size <= maxBytes) {
      return { text: await handle.readFile('utf8'), uid: facts.uid };
    }
  } catch (error) {
    if (isMissing(error)) {
      return undefined;
    }
    // The lock belongs to a user whose umask prevents others from reading it.
    const facts = getErrorCode(error) === 'EACCES' ? await lstat(file).catch(missingIsUndefined) : undefined;
    if (facts?.isFile() === true) {
      return { text: '', uid: facts.uid };
    }
    if (getErrorCode(error) !== 'ELOOP') {
      throw error;
    }
  } finally {
    await handle?.close();
  }
  throw new HpcGatError(`${file} is not a lock, but has the name of one`, {
    fix: 'remove it, or name another file',
  });
}

/**
 * Links the candidate to the lock file. The link count is right even where the answer of an NFS server to
 * `link` was lost.
 */
async function tryLink(candidate: string, file: string): Promise<boolean> {
  try {
    await link(candidate, file);
    return true;
  } catch (error) {
    if (getErrorCode(error) === 'EEXIST') {
      return (await stat(candidate)).nlink === 2;
    }
    throw error;
  }
}

function holdLock(file: string, content: string): () => Promise<void> {
  const heartbeat = setInterval(() => {
    const now = new Date();
    // A heartbeat cannot restore a lost lock file.
    lutimes(file, now, now).catch(() => undefined);
  }, heartbeatMs);
  heartbeat.unref();
  return async () => {
    clearInterval(heartbeat);
    if ((await readLock(file))?.text === content) {
      await rm(file, { force: true });
    }
  };
}

async function isAbandoned(
  file: string,
  owner: ProcessIdentity | undefined,
  candidate: string,
): Promise<boolean> {
  // Both times, and both owners, come from the file system, because the clocks of two hosts may differ.
  const [lock, now] = await Promise.all([stat(file).catch(missingIsUndefined), stat(candidate)]);
  const isOtherUsers = lock !== undefined && lock.uid !== now.uid;
  // Processes of other users can be seen in the own PID namespace alone.
  const isHidden = owner === undefined || (isOtherUsers && !isOfOwnNamespace(owner));
  const running = isHidden ? undefined : isRunning(owner);
  if (running === true && !isOtherUsers) {
    return false;
  }
  // Where /proc hides the processes of other users (hidepid), init is hidden too.
  if (running === false && (!isOtherUsers || findIdentity(1) !== undefined)) {
    return true;
  }
  // Any user can write the number of another user's process into a file, and set the file's time.
  const isPlanted = isOtherUsers && running === true && !(await belongsTo(owner?.pid ?? 0, lock.uid));
  return lock !== undefined && (isPlanted || Math.abs(now.mtimeMs - lock.mtimeMs) > expiryMs);
}

/** Returns whether a process of this host belongs to a user, as far as /proc shows. */
async function belongsTo(pid: number, uid: number): Promise<boolean> {
  const facts = await stat(`/proc/${pid}`).catch(() => undefined);
  return facts?.uid === uid;
}

/**
 * Removes a dead owner's lock. Of all waiters that have seen this owner only the one that holds the lock on
 * its removal may do so, and checks again first: a late waiter would remove the lock of the next owner.
 *
 * @param held content of the lock file
 * @param candidate file of this waiter, beside the lock
 * @returns false while another waiter is about to do it.
 */
export async function removeAbandoned(file: string, held: string, candidate: string): Promise<boolean> {
  const removal = `${file}.${hashBytes(held).slice(0, 12)}.dead`;
  if (!(await tryLink(candidate, removal))) {
    const remover = (await readLock(removal))?.text;
    return (
      remover === undefined ||
      ((await isAbandoned(removal, parseIdentity(remover), candidate)) &&
        (await removeAbandoned(removal, remover, candidate)))
    );
  }
  try {
    const now = await readLock(file);
    if (now?.text === held) {
      await removeLock(file, now.uid);
    }
  } finally {
    await rm(removal, { force: true });
  }
  return true;
}

/** Removes a lock; in a sticky directory only its owner can do so. */
async function removeLock(file: string, uid: number): Promise<void> {
  try {
    await rm(file, { force: true });
  } catch (cause) {
    if (!['EPERM', 'EACCES'].includes(getErrorCode(cause) ?? '')) {
      throw cause;
    }
    throw new HpcGatError(`the lock ${file} is left over and belongs to ${await getUserName(uid)}`, {
      fix: 'ask this user to remove it, or name another file',
      cause,
    });
  }
}

function missingIsUndefined(error: unknown): undefined {
  if (!isMissing(error)) {
    throw error;
  }
}
