import { link, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import type { Context } from './context.ts';
import { sha256OfBytes } from './digest.ts';
import { codeOf } from './errors.ts';
import { isMissing } from './files.ts';
import { isRunning, ownIdentity, parseIdentity, type ProcessIdentity } from './process-identity.ts';

export interface LockOptions {
  /** Told once of each owner that has to be waited for. */
  readonly onWait: (owner: ProcessIdentity | undefined) => void;
  readonly clock: Context['clock'];
  readonly signal: AbortSignal;
}

const pollMs = 300;
const heartbeatMs = 15_000;
/** An owner on another host that has not shown itself for so long is taken for dead. */
const expiryMs = 120_000;
/** Tells apart two that wait in one process. */
let attempts = 0;

/**
 * Takes the lock `file`, waiting for its owner; resolves to the function that gives it back.
 *
 * Made by `link`, which is atomic on NFS and Lustre too, where `flock` may be off. An owner of this host
 * counts while its process runs; one of another host while it renews the file's time.
 */
export async function acquireLock(file: string, options: LockOptions): Promise<() => Promise<void>> {
  const { host, pid, startTicks } = ownIdentity();
  attempts += 1;
  const candidate = `${file}.${host}-${pid}-${startTicks}.${attempts}`;
  const content = JSON.stringify({ host, pid, startTicks, attempt: attempts });
  let told = '';
  try {
    for (;;) {
      options.signal.throwIfAborted();
      await writeFile(candidate, content);
      if (await linked(candidate, file)) {
        return keep(file, content);
      }
      const held = await readFile(file, 'utf8').catch(missingIsUndefined);
      if (held === undefined) {
        continue;
      }
      const owner = parseIdentity(held);
      if (await isAbandoned(file, owner, candidate)) {
        if (await removeAbandoned(file, held, candidate)) {
          continue;
        }
      } else if (told !== held) {
        options.onWait(owner);
        told = held;
      }
      await options.clock.sleep(pollMs, options.signal);
    }
  } finally {
    await rm(candidate, { force: true });
  }
}

/** The count of links tells the truth even where an NFS server's answer to `link` was lost. */
async function linked(candidate: string, file: string): Promise<boolean> {
  try {
    await link(candidate, file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') {
      return (await stat(candidate)).nlink === 2;
    }
    throw error;
  }
}

function keep(file: string, content: string): () => Promise<void> {
  const heartbeat = setInterval(() => {
    const now = new Date();
    // A lost lock file is nothing that a heartbeat could mend.
    utimes(file, now, now).catch(() => undefined);
  }, heartbeatMs);
  heartbeat.unref();
  return async () => {
    clearInterval(heartbeat);
    if ((await readFile(file, 'utf8').catch(missingIsUndefined)) === content) {
      await rm(file, { force: true });
    }
  };
}

async function isAbandoned(
  file: string,
  owner: ProcessIdentity | undefined,
  candidate: string,
): Promise<boolean> {
  const running = owner === undefined ? undefined : isRunning(owner);
  if (running !== undefined) {
    return !running;
  }
  // Both times are the file system's own: the clocks of two hosts need not agree.
  const [lock, now] = await Promise.all([stat(file).catch(missingIsUndefined), stat(candidate)]);
  return lock !== undefined && now.mtimeMs - lock.mtimeMs > expiryMs;
}

/**
 * Removes a dead owner's lock. Of all waiters that have seen this owner only the one that holds the lock on its removal
 * may do so, and looks again first: a late one would remove the lock of the next owner.
 *
 * @param held what the lock file said
 * @param candidate a file of this waiter's own, beside the lock
 * @returns false while another waiter is about to do it.
 */
export async function removeAbandoned(file: string, held: string, candidate: string): Promise<boolean> {
  const removal = `${file}.${sha256OfBytes(held).slice(0, 12)}.dead`;
  if (!(await linked(candidate, removal))) {
    const remover = await readFile(removal, 'utf8').catch(missingIsUndefined);
    return (
      remover === undefined ||
      ((await isAbandoned(removal, parseIdentity(remover), candidate)) &&
        (await removeAbandoned(removal, remover, candidate)))
    );
  }
  try {
    if ((await readFile(file, 'utf8').catch(missingIsUndefined)) === held) {
      await rm(file, { force: true });
    }
  } finally {
    await rm(removal, { force: true });
  }
  return true;
}

function missingIsUndefined(error: unknown): undefined {
  if (!isMissing(error)) {
    throw error;
  }
}
