import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { codeOf, messageOf, UsageError } from '../support/errors.ts';
import { nearest } from '../support/suggest.ts';
import type { Datatype } from '../triton/datatypes.ts';
import { parseJsonArray } from './json-array.ts';
import { NpyError, parseNpy, type NpyArray } from '../formats/npy/npy.ts';
import { numpyTypes, tensorBytes } from './npy-tensor.ts';
import { npzNames, readNpz } from '../formats/npy/npz.ts';

export interface ArraySource {
  /** Absolute path of a .npy, .npz or .json file. */
  readonly file: string;
  /** Which array of a .npz file. */
  readonly array?: string | undefined;
}

export interface StoredArray {
  readonly shape: readonly number[];
  /** Elements as they travel. */
  readonly bytes: Uint8Array;
}

/**
 * Reads an array for a tensor of that type.
 *
 * @throws {UsageError} naming the file, for one that cannot be read or holds another type.
 */
export async function readArray(source: ArraySource, datatype: Datatype): Promise<StoredArray> {
  const { file } = source;
  return usable(
    { what: 'array', file, fix: 'correct the file, or name another in the workload' },
    async () => {
      if (path.extname(file) === '.json') {
        return parseJsonArray(await readFile(file, 'utf8'), datatype);
      }
      const array = path.extname(file) === '.npz' ? await memberOf(source) : parseNpy(await readFile(file));
      const bytes = tensorBytes(array, datatype);
      if (bytes === undefined) {
        throw new NpyError(`has elements of type ${array.descr}, ${datatype} needs ${numpyTypes(datatype)}`);
      }
      return { shape: array.shape, bytes };
    },
  );
}

async function memberOf({ file, array: wanted }: ArraySource): Promise<NpyArray> {
  const present = await npzNames(file);
  if (wanted === undefined ? present.length !== 1 : !present.includes(wanted)) {
    throw unclear(wanted, present);
  }
  const arrays = await readNpz(file, { wanted: (name) => wanted === undefined || name === wanted });
  const [first] = arrays.values();
  if (first === undefined) {
    throw unclear(wanted, present);
  }
  return first;
}

function unclear(wanted: string | undefined, names: readonly string[]): NpyError {
  const meant = wanted === undefined ? undefined : nearest(wanted, names);
  return new NpyError(
    (wanted === undefined ? 'which of its arrays? ' : `has no array ${wanted}; `) +
      (meant === undefined ? `it has ${names.join(', ') || 'none'}` : `did you mean ${meant}?`),
  );
}

/** Runs `read`; what goes wrong with the file itself becomes an error that names it. */
export async function usable<T>(
  { what, file, fix }: { what: string; file: string; fix: string },
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof NpyError) && codeOf(error) === undefined) {
      throw error;
    }
    const isMissing = codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
    const reason = isMissing ? 'there is no such file' : messageOf(error);
    throw new UsageError(`unusable ${what} ${file}: ${reason}`, { fix, cause: error });
  }
}
