import { getErrorCode, HpcGatError, isOutOfSpace, getErrorMessage } from '../errors.ts';

const elsewhere = 'name another place, one that you may read and write';

/** What can be done about a file or directory that the system refuses, by the code of its error. */
const fixes: Readonly<Record<string, string>> = {
  EACCES: `see with \`ls -ld\` who may use it, or ${elsewhere}`,
  EPERM: `see with \`ls -ld\` who may use it, or ${elsewhere}`,
  EROFS: elsewhere,
  EEXIST: 'name another place, or remove what is there',
  ENOTDIR: 'a part of this path is a file: correct it',
  EISDIR: 'it is a directory: name a file',
  ELOOP: 'its links lead in a circle: correct them',
  ENAMETOOLONG: 'choose a shorter name',
  ESTALE: 'the file system was mounted anew: change into the directory again',
  EIO: 'the file system has a fault: tell its administrators',
};

/** What the system says of files and the user can mend, as an error for the user; any other error as it is. */
export function toUserError(error: unknown): unknown {
  if (isOutOfSpace(error)) {
    return new HpcGatError(`no space is left: ${getErrorMessage(error)}`, {
      fix: 'free some on that file system, or use another one; `quota` tells what is yours',
      cause: error,
    });
  }
  const fix = isAboutFile(error) ? findFix(error) : undefined;
  return fix === undefined
    ? error
    : new HpcGatError(`the file system refuses: ${getErrorMessage(error)}`, { fix, cause: error });
}

function isAboutFile(error: unknown): error is { path: string; syscall?: unknown } {
  return typeof error === 'object' && error !== null && 'path' in error && typeof error.path === 'string';
}

function findFix(error: { syscall?: unknown }): string | undefined {
  const code = getErrorCode(error) ?? '';
  // Of a directory whose parent is there: below /proc, or where an automounter knows none of that name.
  return code === 'ENOENT' && error.syscall === 'mkdir' ? elsewhere : fixes[code];
}
