import path from 'node:path';

/** Access to the file system for the file names of a source. */
export interface FileAccess {
  /** Absolute directory against which relative names are resolved. */
  readonly cwd: string;
  /** Returns whether a file or directory with this name exists. */
  readonly exists: (file: string) => boolean;
}

/** Pattern of FILE:REFERENCE for a missing file: the file name must end like an archive. */
export const archiveEnding = /^(.+?\.(?:tar|tgz|tar\.\w+|docker|oci|img|image)):(.+)$/;

/**
 * Splits a text `FILE[:NAME][@DIGEST]`. A file name may contain `:` and `@`; the longest existing name is used.
 *
 * @param otherwise pattern of file name and reference if no such file exists.
 */
export function splitFileSelector(
  rest: string,
  { cwd, exists }: FileAccess,
  otherwise: RegExp,
): { file: string; name?: string; digest?: string } {
  const absolute = (file: string) => path.resolve(cwd, file);
  if (exists(absolute(rest))) {
    return { file: absolute(rest) };
  }
  const [, named = rest, digest] = /^(.+)@(sha256:[0-9a-f]{64})$/.exec(rest) ?? [];
  const ofDigest = digest === undefined ? {} : { digest };
  for (let end = named.length; end > 0; end = named.lastIndexOf(':', end - 1)) {
    const [file, name] = [named.slice(0, end), named.slice(end + 1)];
    if (exists(absolute(file))) {
      return { file: absolute(file), ...(name !== '' && { name }), ...ofDigest };
    }
  }
  const [, file = named, name] = otherwise.exec(named) ?? [];
  return { file: absolute(file), ...(name !== undefined && { name }), ...ofDigest };
}
