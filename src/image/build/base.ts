import path from 'node:path';
import { UsageError } from '../../support/errors.ts';
import { formatSource, parseSource } from '../source/source.ts';

/** What an image is built on top of. */
export interface Base {
  /** As Docker names it; undefined for what Docker cannot start from. */
  readonly dockerName: string | undefined;
  /** The header of a definition file for Apptainer. */
  readonly bootstrap: string;
  readonly from: string;
}

/**
 * An image's name as Docker has it, one of the sources of `make-sif`, or a SIF.
 *
 * @param directory absolute, for relative file names.
 * @throws {UsageError} for what is none of them.
 */
export function parseBase(text: string, directory: string): Base {
  if (text.endsWith('.sif')) {
    return { dockerName: undefined, bootstrap: 'localimage', from: path.resolve(directory, text) };
  }
  const isSource = /^(docker-daemon|docker-archive|oci|oci-archive|docker):|\.def$/.test(text);
  const source = parseSource(isSource ? text : `docker://${text}`, directory);
  switch (source.kind) {
    case 'docker':
    case 'docker-daemon':
      return { dockerName: source.name, bootstrap: source.kind, from: source.name };
    case 'docker-archive':
    case 'oci':
    case 'oci-archive':
      return {
        dockerName: undefined,
        bootstrap: source.kind,
        from: formatSource(source).slice(source.kind.length + 1),
      };
    case 'recipe':
      throw new UsageError(`a recipe cannot be a base: ${text}`, {
        fix: `make a SIF of it first, and name that: hpc-gat make-sif ${text} -o base.sif`,
      });
  }
}

/** The same base, with a file name that is meant from `directory` as an absolute one. */
export function withAbsoluteFile(text: string, directory: string): string {
  if (text.endsWith('.sif')) {
    return path.resolve(directory, text);
  }
  const [, scheme, file] = /^(docker-archive|oci|oci-archive):(.+)$/.exec(text) ?? [];
  return scheme === undefined || file === undefined ? text : `${scheme}:${path.resolve(directory, file)}`;
}
