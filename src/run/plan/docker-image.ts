import { parseSource } from '../../image/source/source.ts';

/**
 * Returns the name under which Docker has, or would pull, the image that a SIF is made from.
 *
 * @param source image source in the notation of `make-sif`
 * @param root directory for relative file names
 * @returns undefined for a source that has no name in Docker
 */
export function getDockerName(source: string | undefined, root: string): string | undefined {
  const parsed = source === undefined ? undefined : parseSource(source, root);
  return parsed?.kind === 'docker-daemon' || parsed?.kind === 'docker' ? parsed.name : undefined;
}
