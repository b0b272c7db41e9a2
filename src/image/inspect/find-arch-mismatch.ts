import type { SquashfsImage } from '../../formats/squashfs/read/open.ts';
import { readArchitectures } from './elf.ts';
import { readFileStart } from './file-start.ts';
import { findPath } from './find-path.ts';

/** Programs that most images contain. */
const usualPrograms = ['/bin/sh', '/bin/bash', '/usr/bin/env'];

export interface ArchMismatch {
  readonly path: string;
  /** Architecture of the program, in Go's terms. */
  readonly architecture: string;
}

/**
 * Finds a program for another architecture than the image's: a mislabeled image fails only when it is started.
 *
 * @param programs additional programs to check first.
 * @returns the first program found, if it is for another architecture; else undefined.
 */
export async function findArchMismatch(
  image: SquashfsImage,
  architecture: string,
  programs: readonly string[],
): Promise<ArchMismatch | undefined> {
  for (const path of [...programs.filter((one) => one.startsWith('/')), ...usualPrograms]) {
    const found = readArchitectures(await readFileStart(image, findPath(image, path)?.inode));
    if (found !== undefined) {
      const [own = ''] = found;
      return found.includes(architecture) ? undefined : { path, architecture: own };
    }
  }
  return undefined;
}
