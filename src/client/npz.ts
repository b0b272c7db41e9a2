import { readFile } from 'node:fs/promises';
import { UsageError } from '../support/errors.ts';
import { isMissing } from '../support/files.ts';
import { NpyError, parseNpy, type NpyArray } from './npy.ts';
import { ZipError, zipMembers } from './zip.ts';

/**
 * The arrays of a NumPy .npz file by name.
 *
 * @param wanted only the arrays for which it answers true are unpacked
 * @throws {UsageError} when the file is missing, truncated, damaged or holds something else.
 */
export async function readNpz(
  file: string,
  wanted: (name: string) => boolean,
): Promise<ReadonlyMap<string, NpyArray>> {
  const content = await readFile(file).catch((error: unknown) => {
    throw unusable(file, isMissing(error) ? 'there is no such file' : (error as Error).message, error);
  });
  try {
    const members = zipMembers(content).filter(({ name }) => wanted(arrayName(name)));
    return new Map(members.map(({ name, read }) => [arrayName(name), parseMember(name, read())]));
  } catch (error) {
    if (error instanceof ZipError || error instanceof NpyError) {
      throw unusable(file, error.message, error);
    }
    throw error;
  }
}

function parseMember(name: string, bytes: Uint8Array): NpyArray {
  try {
    return parseNpy(bytes);
  } catch (error) {
    throw error instanceof NpyError ? new NpyError(`${name}: ${error.message}`, { cause: error }) : error;
  }
}

function arrayName(member: string): string {
  return member.replace(/\.npy$/, '');
}

function unusable(file: string, reason: string, cause: unknown): UsageError {
  return new UsageError(`unusable reference ${file}: ${reason}`, {
    fix: 'make it again, or name another under reference.file of the workload',
    cause,
  });
}
