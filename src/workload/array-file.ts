import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { getErrorCode, getErrorMessage, UsageError } from '../support/errors.ts';
import { findNearest } from '../support/text/suggest.ts';
import type { Datatype } from '../triton/datatypes.ts';
import { parseJsonArray } from './json-array.ts';
import { NpyError, parseNpy, type NpyArray } from '../formats/npy/npy.ts';
import { formatNumpyTypes, toTensorBytes } from './npy-tensor.ts';
import { listNpzNames, readNpz } from '../formats/npy/npz.ts';

export interface ArraySource {
  /** Absolute path of a .npy, .npz or .json file. */
  readonly file: string;
  /** Name of the array in a .npz file. */
  readonly array?: string | undefined;
}

export interface StoredArray {
  readonly shape: readonly number[];
  /** Elements as they are transmitted. */
  readonly bytes: Uint8Array;
}

/**
 * Reads an array for a tensor of a type.
 *
 * @throws {UsageError} with the name of the file, for one that cannot be read or contains another type.
 */
export async function readArray(source: ArraySource, datatype: Datatype): Promise<StoredArray> {
  const { file } = source;
  return reportUnusable(
    { what: 'array', file, fix: 'correct the file, or name another in the workload' },
    async () => {
      if (path.extname(file) === '.json') {
        return parseJsonArray(await readFile(file, 'utf8'), datatype);
      }
      const array = path.extname(file) === '.npz' ? await readMember(source) : parseNpy(await readFile(file));
      const bytes = toTensorBytes(array, datatype);
      if (bytes === undefined) {
        throw new NpyError(
          `has elements of type ${array.descr}, but ${datatype} requires ${formatNumpyTypes(datatype)}`,
        );
      }
      return { shape: array.shape, bytes };
    },
  );
}

async function readMember({ file, array: requested }: ArraySource): Promise<NpyArray> {
  const present = await listNpzNames(file);
  if (requested === undefined ? present.length !== 1 : !present.includes(requested)) {
    throw createMemberError(requested, present);
  }
  const arrays = await readNpz(file, { isSelected: (name) => requested === undefined || name === requested });
  const [first] = arrays.values();
  if (first === undefined) {
    throw createMemberError(requested, present);
  }
  return first;
}

function createMemberError(requested: string | undefined, names: readonly string[]): NpyError {
  const meant = requested === undefined ? undefined : findNearest(requested, names);
  return new NpyError(
    (requested === undefined ? '`array` must name one of its arrays; ' : `has no array ${requested}; `) +
      (meant === undefined ? `it has ${names.join(', ') || 'none'}` : `did you mean ${meant}?`),
  );
}

/** Runs `read` and converts errors about the file to a UsageError that names it. */
export async function reportUnusable<T>(
  { what, file, fix }: { what: string; file: string; fix: string },
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof NpyError) && getErrorCode(error) === undefined) {
      throw error;
    }
    const isMissing = getErrorCode(error) === 'ENOENT' || getErrorCode(error) === 'ENOTDIR';
    const reason = isMissing ? 'there is no such file' : getErrorMessage(error);
    throw new UsageError(`unusable ${what} ${file}: ${reason}`, { fix, cause: error });
  }
}
