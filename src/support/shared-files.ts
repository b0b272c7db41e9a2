import { constants, type FileHandle, open, readdir, statfs } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from './errors.ts';

/**
 * Reading files that another host writes, on a file system that both mount.
 *
 * An NFS client caches that a name does not exist (negative lookup cache), what a directory lists and how large a file is,
 * each for up to a minute (nfs(5): acdirmax=60). Therefore a name is looked up only once its directory lists it, the
 * listing is requested anew from the server, and a file is read to its end whatever size is known of it.
 */

/** How long NFS clients may cache what a directory lists: acdirmax is 60 s by default. */
const cacheMs = 65_000;
/** The same where files are seen at once: for a writer that is still at it. */
const coherentMs = 3_000;
/** How often the server is asked for the listing of one directory. */
const refreshMs = 1_000;
const attempts = 5;
const retryMs = 200;
const blockBytes = 64 * 1024;
/** What is read as a whole is a record; logs are read in pieces. */
const longestTextBytes = 64 * 1024 * 1024;

/** Magic numbers of include/uapi/linux/magic.h, of file systems without another host behind a cache. */
const coherentTypes = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0x01021994, // tmpfs
  0x794c7630, // overlayfs
  0x2fc12fc1, // zfs
]);

/** What a file server or its client reports for a moment: a replaced file, a restart, an eviction by Lustre. */
const transientCodes = new Set([
  'ESTALE',
  'EIO',
  'ETIMEDOUT',
  'EAGAIN',
  'ENOTCONN',
  'ESHUTDOWN',
  'EHOSTDOWN',
  'EREMOTEIO',
]);

/** The calls of the system, which a test replaces. */
export interface FileSystem {
  readonly readdir: (folder: string) => Promise<string[]>;
  readonly open: (file: string) => Promise<Pick<FileHandle, 'read' | 'close' | 'stat' | 'chown'>>;
}

const system: FileSystem = {
  readdir: (folder) => readdir(folder),
  open: (file) => open(file, constants.O_RDONLY | constants.O_NONBLOCK),
};

/** Whether an error of the file system may be gone at the next attempt; the errors that it caused count too. */
export function isTransient(error: unknown): boolean {
  return (
    transientCodes.has(codeOf(error) ?? '') ||
    (typeof error === 'object' && error !== null && 'cause' in error && isTransient(error.cause))
  );
}

/** Whether a file is on a file system that no other host mounts, as far as its type tells. */
export async function isHostLocal(file: string): Promise<boolean> {
  return coherentTypes.has((await statfs(file)).type);
}

/** How long a file that another host has written may take to be seen here. */
export async function visibilityDelayMs(folder: string): Promise<number> {
  try {
    return coherentTypes.has((await statfs(folder)).type) ? coherentMs : cacheMs;
  } catch {
    return cacheMs;
  }
}

/**
 * Names in a directory as its file server knows them; none when there is no such directory. To ask for a directory that
 * may not exist yet is a look-up by name as well: list the one above it first.
 */
export async function listFolder(folder: string, files = system): Promise<string[]> {
  if (isDue(folder)) {
    // Without it the listing is as old as the cache allows.
    await refreshListing(folder, files).catch(() => undefined);
  }
  try {
    return await retried(() => files.readdir(folder));
  } catch (error) {
    if (isAbsent(error)) {
      return [];
    }
    throw error;
  }
}

/** Whether the directory of a file lists it. */
export async function isListed(file: string, files = system): Promise<boolean> {
  return (await listFolder(path.dirname(file), files)).includes(path.basename(file));
}

/** Text of a file; undefined while its directory does not list it, or when it has gone meanwhile. */
export async function readListedText(file: string, files = system): Promise<string | undefined> {
  return (await isListed(file, files)) ? readText(file, files) : undefined;
}

/** Text of a file whose directory lists it; undefined when it has gone meanwhile. */
export async function readText(file: string, files = system): Promise<string | undefined> {
  const bytes = await retried(() => readFrom(file, 0, { files, limit: longestTextBytes }));
  if (bytes !== undefined && bytes.length >= longestTextBytes) {
    throw new Error(`it is larger than ${longestTextBytes / 2 ** 20} MiB`);
  }
  return bytes?.toString('utf8');
}

/**
 * Bytes of a file from a position to its end, whatever size of it is cached; undefined when there is no such file.
 *
 * @param limit bytes after which no further block is read
 * @param isLast whether this is the last reading, which must miss nothing.
 */
export async function readFrom(
  file: string,
  position: number,
  { files = system, isLast = false, limit = Infinity } = {},
): Promise<Buffer | undefined> {
  let handle;
  try {
    handle = await files.open(file);
  } catch (error) {
    if (isAbsent(error)) {
      return undefined;
    }
    throw error;
  }
  try {
    if (isDue(file) || isLast) {
      await refreshAttributes(handle).catch(() => undefined);
    }
    const blocks: Buffer[] = [];
    for (let at = position; ;) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(blockBytes), 0, blockBytes, at);
      blocks.push(buffer.subarray(0, bytesRead));
      at += bytesRead;
      if (bytesRead === 0 || at - position >= limit) {
        return Buffer.concat(blocks);
      }
    }
  } finally {
    await handle.close();
  }
}

/** Repeats what fails for a moment on a network file system. */
async function retried<T>(act: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await act();
    } catch (error) {
      if (attempt === attempts || !isTransient(error)) {
        throw error;
      }
      await delay(retryMs);
    }
  }
}

const refreshed = new Map<string, number>();

function isDue(name: string): boolean {
  const nowMs = performance.now();
  const isOld = nowMs - (refreshed.get(name) ?? Number.NEGATIVE_INFINITY) >= refreshMs;
  if (isOld) {
    refreshed.set(name, nowMs);
  }
  return isOld;
}

async function refreshListing(folder: string, files: FileSystem): Promise<void> {
  const handle = await files.open(folder);
  try {
    await refreshAttributes(handle);
  } finally {
    await handle.close();
  }
}

/**
 * Sets the owner of a file or directory to the owner that it has: the server answers a change of attributes with those of
 * now, so that the client drops a listing or a size that is old. Only the owner may do so; for others the cache has to
 * expire.
 */
async function refreshAttributes(handle: Pick<FileHandle, 'stat' | 'chown'>): Promise<void> {
  const { uid } = await handle.stat();
  if (uid === process.getuid?.()) {
    await handle.chown(uid, -1);
  }
}

function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '');
}
