import { open, rename, rm, writeFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { getErrorCode, isOutOfSpace, UsageError } from '../errors.ts';
import { makeDirectory } from './make-directory.ts';
import { decodeUtf8 } from '../text/utf8.ts';

/**
 * Writes a file under a temporary name, flushes and renames it: readers see the old file or the complete new
 * one.
 */
export async function writeFileAtomically(
  file: string,
  content: string | Uint8Array,
  mode = 0o644,
): Promise<void> {
  await makeDirectory(path.dirname(file));
  // Loaded on demand, because it adds some milliseconds to every start.
  const { randomUUID } = await import('node:crypto');
  const temporary = `${file}.${randomUUID()}.part`;
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Size limit of a file that is read as a whole; logs and devices may exceed it. */
const longestTextBytes = 64 * 1024 * 1024;

/**
 * Reads the text of a file; undefined when there is no such file.
 *
 * @param isStrict whether bytes that are not UTF-8 are an error
 * @throws {UsageError} for a directory, and for a file of more than 64 MiB.
 */
export async function readTextIfPresent(
  file: string,
  { isStrict = false } = {},
): Promise<string | undefined> {
  try {
    return await readText(file, { isStrict });
  } catch (error) {
    switch (getErrorCode(error)) {
      case 'ENOENT':
      case 'ENOTDIR':
        return undefined;
      case 'EISDIR':
        throw new UsageError(`${file} is a directory, not a file`, {
          fix: 'put a file in its place, or name another',
          cause: error,
        });
      default:
        throw error;
    }
  }
}

/**
 * Reads the text of a file or a pipe, up to the size limit.
 *
 * @param isStrict whether bytes that are not UTF-8 are an error
 * @throws {UsageError} for a file of more than 64 MiB, and for a name with a null byte.
 */
export async function readText(file: string, { isStrict = false } = {}): Promise<string> {
  if (file.includes('\0')) {
    throw new UsageError(`${JSON.stringify(file)} cannot be the name of a file: it contains a null byte`, {
      fix: 'name another file',
    });
  }
  const handle = await open(file, 'r');
  try {
    const pieces: Buffer[] = [];
    for (let length = 0; length <= longestTextBytes;) {
      const piece = Buffer.alloc(64 * 1024);
      const { bytesRead } = await handle.read(piece, 0, piece.length, null);
      if (bytesRead === 0) {
        const content = Buffer.concat(pieces);
        return isStrict ? decodeUtf8(content, file) : content.toString('utf8');
      }
      pieces.push(piece.subarray(0, bytesRead));
      length += bytesRead;
    }
  } finally {
    await handle.close();
  }
  throw new UsageError(`${file} is larger than ${longestTextBytes / 2 ** 20} MiB`, {
    fix: 'check the name of the file, or shorten the file',
  });
}

/** Returns whether a few KiB can still be written into a directory: statfs(2) does not show quotas. */
export async function hasSpace(directory: string): Promise<boolean> {
  const file = path.join(directory, `.space.${process.pid}`);
  try {
    await writeFile(file, Buffer.alloc(8_192), { flush: true, flag: 'wx' });
    return true;
  } catch (error) {
    return !isOutOfSpace(error);
  } finally {
    await rm(file, { force: true });
  }
}

export function isMissing(error: unknown): boolean {
  // Not `instanceof Error`: under Jest the errors of Node's own modules come from another realm.
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}

/** Writes all bytes: a disk that fills up takes some of them without an error and refuses the next call. */
export async function writeAt(handle: FileHandle, position: number, bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** Reads at most `length` bytes, fewer where the file ends. One system call returns no more than 2 GiB. */
export async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) {
      break;
    }
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}
