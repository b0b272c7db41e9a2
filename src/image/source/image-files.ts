import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { HpcGatError, getErrorMessage, UsageError } from '../../support/errors.ts';
import { isMissing, readAt } from '../../support/files/file-access.ts';
import { findEntry, resolveLink } from '../../formats/tar/entry-name.ts';
import { readTarIndex } from '../../formats/tar/tar-index.ts';
import { formatDecompressFix, openArchive } from './archive-file.ts';

/** Range of a file: the whole file, or an entry of an uncompressed tar. */
export interface FileSlice {
  /** Absolute path. */
  readonly file: string;
  readonly dataOffset: number;
  readonly sizeBytes: number;
}

export async function sliceWholeFile(file: string): Promise<FileSlice> {
  return { file, dataOffset: 0, sizeBytes: (await stat(file)).size };
}

/** Files that describe an image, in a directory or in a tar. */
export interface ImageFiles {
  /** Label of the directory or the archive, for messages. */
  readonly place: string;
  /** Returns undefined if there is no file with that name. */
  find(name: string): Promise<FileSlice | undefined>;
}

/** Returns the files of a directory. */
export function openDirectoryFiles(directory: string): ImageFiles {
  return {
    place: directory,
    find: async (name) => {
      const file = path.join(directory, name);
      try {
        const found = await stat(file);
        return found.isFile() ? { file, dataOffset: 0, sizeBytes: found.size } : undefined;
      } catch (error) {
        if (isMissing(error)) {
          return undefined;
        }
        throw new UsageError(`cannot read ${file}: ${getErrorMessage(error)}`, { cause: error });
      }
    },
  };
}

/** Files in a tar, whose table of contents is read once. */
export interface TarFiles extends ImageFiles {
  readonly fileBytes: number;
  /** Nanoseconds since 1970 in decimal digits, because they exceed a double. */
  readonly modifiedNs: string;
}

/**
 * Opens an uncompressed tar.
 *
 * @param fix suggestion for a missing file.
 * @throws {UsageError} if it cannot be read, or is compressed.
 * @throws {HpcGatError} if it is not a tar, or is damaged or truncated.
 */
export async function openTarFiles(file: string, fix: string): Promise<TarFiles> {
  const { archive, handle } = await openArchive(file, fix);
  try {
    if (archive.codec !== 'none') {
      throw new UsageError(`${file} is compressed by ${archive.codec}; an uncompressed tar is required`, {
        fix: `convert it unchanged with --engine native, or ${formatDecompressFix(archive.codec, file)}`,
      });
    }
    const entries = new Map((await readTarIndex(handle, file)).map((entry) => [entry.name, entry]));
    return {
      place: file,
      fileBytes: archive.fileBytes,
      modifiedNs: archive.modifiedNs,
      find: (name) => {
        const entry = findEntry(entries, name, (found) =>
          found.linkName === ''
            ? undefined
            : resolveLink(found.type === '2' ? 'symbolic' : 'hard', found.name, found.linkName),
        );
        return Promise.resolve(entry && { file, dataOffset: entry.dataOffset, sizeBytes: entry.sizeBytes });
      },
    };
  } finally {
    await handle.close();
  }
}

/** Limit for a description of an image, small enough for memory. */
const maxTextBytes = 16 * 1024 * 1024;

/** @throws {HpcGatError} if the file is too large for a description. */
export async function readSlice(slice: FileSlice, name: string, place: string): Promise<Buffer> {
  if (slice.sizeBytes > maxTextBytes) {
    throw new HpcGatError(
      `${name} in ${place} has ${slice.sizeBytes} bytes, more than any description of an image`,
    );
  }
  return readStart(slice, slice.sizeBytes);
}

export async function readStart({ file, dataOffset, sizeBytes }: FileSlice, bytes: number): Promise<Buffer> {
  const handle = await open(file, 'r');
  try {
    return await readAt(handle, dataOffset, Math.min(bytes, sizeBytes));
  } finally {
    await handle.close();
  }
}
