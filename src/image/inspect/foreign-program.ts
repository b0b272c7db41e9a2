import type { SquashfsImage } from '../../formats/squashfs/read/open.ts';
import { architecturesOf } from './elf.ts';
import { startOf } from './file-start.ts';
import { findPath } from './find-path.ts';

/** What most images have. */
const usualPrograms = ['/bin/sh', '/bin/bash', '/usr/bin/env'];

export interface ForeignProgram {
  readonly path: string;
  /** Go's name of what it is for. */
  readonly architecture: string;
}

/**
 * Looks whether an image holds programs for the architecture that it names: images are mislabelled, and nothing says so
 * before they are started.
 *
 * @param programs what else to look at, first.
 * @returns the first program that it finds, where that is for another architecture.
 */
export async function findForeignProgram(
  image: SquashfsImage,
  architecture: string,
  programs: readonly string[],
): Promise<ForeignProgram | undefined> {
  for (const path of [...programs.filter((one) => one.startsWith('/')), ...usualPrograms]) {
    const found = architecturesOf(await startOf(image, findPath(image, path)?.inode));
    if (found !== undefined) {
      const [own = ''] = found;
      return found.includes(architecture) ? undefined : { path, architecture: own };
    }
  }
  return undefined;
}
