import { messageOf } from '../../support/errors.ts';
import { expectChecksum, readZipEntry, withFile, ZipError, zipEntries } from '../zip/zip.ts';
import { NpyError, parseNpy, type NpyArray } from './npy.ts';

/** Node's buffers end here. */
const longestArrayBytes = 2 ** 32;

/**
 * The arrays of a NumPy .npz file by name.
 *
 * @param wanted only the arrays for which it answers true are unpacked; members that are no arrays have no name here
 * @throws {NpyError} when the file is truncated, damaged or holds something else.
 */
export async function readNpz(
  file: string,
  wanted: (name: string) => boolean = () => true,
): Promise<ReadonlyMap<string, NpyArray>> {
  return withFile(file, async (handle) => {
    const arrays = new Map<string, NpyArray>();
    try {
      for (const entry of await zipEntries(handle)) {
        const array = entry.name.replace(/\.npy$/, '');
        if (array !== entry.name && wanted(array)) {
          const content = await readZipEntry(handle, entry, longestArrayBytes);
          expectChecksum(entry, content);
          arrays.set(array, parseMember(entry.name, content));
        }
      }
    } catch (error) {
      throw error instanceof ZipError ? new NpyError(messageOf(error), { cause: error }) : error;
    }
    return arrays;
  });
}

function parseMember(name: string, bytes: Uint8Array): NpyArray {
  try {
    return parseNpy(bytes);
  } catch (error) {
    throw error instanceof NpyError ? new NpyError(`${name}: ${error.message}`, { cause: error }) : error;
  }
}
