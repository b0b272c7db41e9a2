import path from 'node:path';
import { UsageError } from '../../support/errors.ts';
import { formatSource, isSource, parseSource } from '../source/source.ts';

/** Base of an image. */
export interface Base {
  /** Name for Docker; undefined for a base that Docker does not support. */
  readonly dockerName: string | undefined;
  /** Header of a definition file for Apptainer. */
  readonly bootstrap: string;
  readonly from: string;
}

/**
 * Parses a base: the name of an image in a registry, a source of `make-sif`, or a SIF.
 *
 * @param directory absolute directory for relative file names.
 * @throws {UsageError} for anything else.
 */
export function parseBase(text: string, directory: string): Base {
  if (text.endsWith('.sif')) {
    return { dockerName: undefined, bootstrap: 'localimage', from: path.resolve(directory, text) };
  }
  const source = parseSource(isSource(text) ? text : `docker://${text}`, directory);
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
    case 'definition':
      throw new UsageError(`a definition file cannot be a base: ${text}`, {
        fix: `convert it to a SIF first, and name the SIF: hpc-gat make-sif ${text} -o base.sif`,
      });
  }
}

/** Resolves the file name in a base against `directory`. */
export function resolveBaseFile(text: string, directory: string): string {
  if (text.endsWith('.sif')) {
    return path.resolve(directory, text);
  }
  if (!isSource(text) || text.endsWith('.def')) {
    return text;
  }
  const source = parseSource(text, directory);
  return 'file' in source ? formatSource(source) : text;
}
