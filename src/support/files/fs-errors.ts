import { getErrorCode, HpcGatError, isOutOfSpace, getErrorMessage } from '../errors.ts';

const otherPath = 'use another path, which you may read and write';

/** Fixes for files and directories that the system refuses, by error code. */
const fixes: Readonly<Record<string, string>> = {
  EACCES: `check with \`ls -ld\` who may access it, or ${otherPath}`,
  EPERM: `check with \`ls -ld\` who may access it, or ${otherPath}`,
  EROFS: otherPath,
  EEXIST: 'use another path, or remove the existing file',
  ENOTDIR: 'a parent in this path is a file: correct the path',
  EISDIR: 'the path is a directory: name a file',
  ELOOP: 'its symbolic links form a loop: correct them',
  ENAMETOOLONG: 'choose a shorter name',
  ESTALE: 'the file system was remounted: change into the directory again',
  EIO: 'the file system has an I/O error: report it to the administrators',
};

/** Converts a system error about a file into an error for the user; returns any other error unchanged. */
export function toUserError(error: unknown): unknown {
  if (isOutOfSpace(error)) {
    return new HpcGatError(`no space is left: ${getErrorMessage(error)}`, {
      fix: 'free space on that file system, or use another one; `quota` shows your usage',
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
  // mkdir(2) of a directory whose parent exists fails so below /proc, and where an automounter does not know
  // the name.
  return code === 'ENOENT' && error.syscall === 'mkdir' ? otherPath : fixes[code];
}
