import path from 'node:path';

/** How the file names of a source are looked up. */
export interface Look {
  /** Absolute folder for relative names. */
  readonly cwd: string;
  /** Whether there is such a file or folder. */
  readonly exists: (file: string) => boolean;
}

/** What follows a file name that is not there is a reference only behind the ending of an archive. */
export const archiveEnding = /^(.+?\.(?:tar|tgz|tar\.\w+|docker|oci|img|image)):(.+)$/;

/**
 * Splits `FILE[:NAME][@DIGEST]`, which is not empty. A file name may hold colons, and `@` too: the longest one that is there is meant.
 *
 * @param otherwise splits a name in two when there is no such file.
 */
export function splitFile(
  rest: string,
  { cwd, exists }: Look,
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
