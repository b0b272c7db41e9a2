import { parseSource } from '../../image/source/source.ts';

/**
 * The name under which Docker has, or would pull, what a SIF is made from.
 *
 * @param source as `make-sif` takes it.
 * @param root for relative file names.
 * @returns undefined for what Docker has no name for.
 */
export function getDockerName(source: string | undefined, root: string): string | undefined {
  const parsed = source === undefined ? undefined : parseSource(source, root);
  return parsed?.kind === 'docker-daemon' || parsed?.kind === 'docker' ? parsed.name : undefined;
}
