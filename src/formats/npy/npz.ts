import type { FileHandle } from 'node:fs/promises';
import { getErrorMessage } from '../../support/errors.ts';
import {
  verifyChecksum,
  readZipEntry,
  readZipEntryStart,
  withFile,
  type ZipEntry,
  ZipError,
  listZipEntries,
} from '../zip/zip.ts';
import { NpyError, parseNpy, parseNpyHeader, type NpyArray, type NpyHeader } from './npy.ts';

/** Memory that the arrays of a file may always take, in bytes, however small the file is. */
const freeBytes = 512 * 1024 * 1024;
/** Highest accepted ratio of memory to file size; sparse data compress to about a hundredth. */
const mostGrowth = 200;
/** Compressed bytes that contain the header: in nearly all files, and in every file. */
const headerPackedBytes = [4096, 128 * 1024] as const;

/** Selects arrays by name; `check` receives the header before the array is decompressed, and may throw. */
export interface NpzSelection {
  readonly isSelected?: (name: string) => boolean;
  readonly check?: (name: string, header: NpyHeader) => void;
}

/**
 * Reads the arrays of a NumPy .npz file by name. Members that are not arrays are ignored. An array is decompressed
 * after its header was read, and never to more bytes than the header states.
 *
 * @throws {NpyError} if the file is truncated or damaged, contains something else, or would take far more memory than
 *   its size justifies.
 */
export async function readNpz(
  file: string,
  { isSelected = () => true, check }: NpzSelection = {},
): Promise<ReadonlyMap<string, NpyArray>> {
  return withMembers(file, async (handle, members) => {
    const arrays = new Map<string, NpyArray>();
    const limit = Math.max(freeBytes, mostGrowth * (await handle.stat()).size);
    let total = 0;
    for (const { name, entry } of members.filter((member) => isSelected(member.name))) {
      const header = await readHeader(handle, entry);
      check?.(name, header);
      total += header.sizeBytes;
      if (total > limit) {
        throw new NpyError(
          `its arrays take more than ${Math.floor(limit / 2 ** 20)} MiB in memory: ${entry.name} has shape ` +
            `(${header.shape.join(', ')}); np.savez writes such arrays without compression`,
        );
      }
      const content = await readZipEntry(handle, entry, header.sizeBytes);
      verifyChecksum(entry, content);
      arrays.set(
        name,
        withMemberName(entry.name, () => parseNpy(content)),
      );
    }
    return arrays;
  });
}

/** Lists the names of the arrays in a file. */
export async function listNpzNames(file: string): Promise<string[]> {
  return withMembers(file, (_handle, members) => Promise.resolve(members.map(({ name }) => name)));
}

async function withMembers<T>(
  file: string,
  use: (handle: FileHandle, members: readonly { name: string; entry: ZipEntry }[]) => Promise<T>,
): Promise<T> {
  return withFile(file, async (handle) => {
    try {
      const entries = await listZipEntries(handle);
      const members = entries.map((entry) => ({ entry, name: entry.name.replace(/\.npy$/, '') }));
      return await use(
        handle,
        members.filter(({ name, entry }) => name !== entry.name),
      );
    } catch (error) {
      throw error instanceof ZipError ? new NpyError(getErrorMessage(error), { cause: error }) : error;
    }
  });
}

async function readHeader(handle: FileHandle, entry: ZipEntry): Promise<NpyHeader> {
  const [usual, longest] = headerPackedBytes;
  const start = await readZipEntryStart(handle, entry, usual);
  try {
    return parseNpyHeader(start);
  } catch {
    const more = await readZipEntryStart(handle, entry, longest);
    return withMemberName(entry.name, () => parseNpyHeader(more));
  }
}

function withMemberName<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof NpyError ? new NpyError(`${name}: ${error.message}`, { cause: error }) : error;
  }
}
