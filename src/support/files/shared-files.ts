import { constants, type FileHandle, open, readdir, statfs } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { getErrorCode } from '../errors.ts';

/**
 * Reader of files that another host writes, on a file system that both mount.
 *
 * An NFS client caches missing names (negative lookup cache), listings of directories and sizes of files, each for up to a
 * minute (nfs(5): acdirmax=60). Therefore a name is looked up only after its directory lists it, a fresh listing is
 * requested from the server, and a file is read to its end regardless of its cached size.
 */

/** Time for which NFS clients may cache the listing of a directory: acdirmax is 60 s by default. */
const cacheMs = 65_000;
/** Visibility delay on a file system without such a cache, for a writer that has not finished. */
const coherentMs = 3_000;
/** Interval between requests for a fresh listing of one directory. */
const refreshMs = 1_000;
const attempts = 5;
const retryMs = 200;
const blockBytes = 64 * 1024;
/** Size limit of a file that is read as a whole; logs are read in pieces. */
const longestTextBytes = 64 * 1024 * 1024;

/** Magic numbers (include/uapi/linux/magic.h) of file systems that are not shared with other hosts. */
const coherentTypes = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0x01021994, // tmpfs
  0x794c7630, // overlayfs
  0x2fc12fc1, // zfs
]);

/** Transient errors of a file server or its client: a replaced file, a restart, an eviction by Lustre. */
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

/** System calls, which tests replace. */
export interface FileSystem {
  readonly readdir: (directory: string) => Promise<string[]>;
  readonly open: (file: string) => Promise<Pick<FileHandle, 'read' | 'close' | 'stat' | 'chown'>>;
}

const system: FileSystem = {
  readdir: (directory) => readdir(directory),
  open: (file) => open(file, constants.O_RDONLY | constants.O_NONBLOCK),
};

/** Returns whether an error, or one of its causes, is a transient error of the file system. */
export function isTransient(error: unknown): boolean {
  return (
    transientCodes.has(getErrorCode(error) ?? '') ||
    (typeof error === 'object' && error !== null && 'cause' in error && isTransient(error.cause))
  );
}

/** Returns whether the type of a file's file system shows that no other host mounts it. */
export async function isHostLocal(file: string): Promise<boolean> {
  return coherentTypes.has((await statfs(file)).type);
}

/** Returns the longest time until a file that another host has written is visible here. */
export async function getVisibilityDelayMs(directory: string): Promise<number> {
  try {
    return coherentTypes.has((await statfs(directory)).type) ? coherentMs : cacheMs;
  } catch {
    return cacheMs;
  }
}

/**
 * Lists the names in a directory as its file server knows them; empty for a missing directory. Listing a directory is
 * itself a look-up by name: for one that may not exist yet, list its parent first.
 */
export async function listDirectory(directory: string, files = system): Promise<string[]> {
  if (isDue(directory)) {
    // Without the refresh the listing is as old as the cache allows.
    await refreshListing(directory, files).catch(() => undefined);
  }
  try {
    return await retry(() => files.readdir(directory));
  } catch (error) {
    if (isAbsent(error)) {
      return [];
    }
    throw error;
  }
}

/** Returns whether the directory of a file lists it. */
export async function isListed(file: string, files = system): Promise<boolean> {
  return (await listDirectory(path.dirname(file), files)).includes(path.basename(file));
}

/** Reads a file; undefined while its directory does not list it, or after it was removed. */
export async function readListedText(file: string, files = system): Promise<string | undefined> {
  return (await isListed(file, files)) ? readText(file, files) : undefined;
}

/** Reads a file that its directory lists; undefined after it was removed. */
export async function readText(file: string, files = system): Promise<string | undefined> {
  const bytes = await retry(() => readFrom(file, 0, { files, limit: longestTextBytes }));
  if (bytes !== undefined && bytes.length >= longestTextBytes) {
    throw new Error(`it is larger than ${longestTextBytes / 2 ** 20} MiB`);
  }
  return bytes?.toString('utf8');
}

/**
 * Reads a file from a position to its end, regardless of its cached size; undefined for a missing file.
 *
 * @param limit number of bytes after which no further block is read
 * @param isLast whether this is the last read, which must be complete
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

/** Repeats an operation after transient errors of a network file system. */
async function retry<T>(act: () => Promise<T>): Promise<T> {
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

async function refreshListing(directory: string, files: FileSystem): Promise<void> {
  const handle = await files.open(directory);
  try {
    await refreshAttributes(handle);
  } finally {
    await handle.close();
  }
}

/**
 * Refreshes cached attributes by setting the owner of a file or directory to its current owner: the server answers with
 * the current attributes, so that the client drops an outdated listing or size. Only the owner may do so; for other users
 * the cache has to expire.
 */
async function refreshAttributes(handle: Pick<FileHandle, 'stat' | 'chown'>): Promise<void> {
  const { uid } = await handle.stat();
  if (uid === process.getuid?.()) {
    await handle.chown(uid, -1);
  }
}

function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(getErrorCode(error) ?? '');
}
