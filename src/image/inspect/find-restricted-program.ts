import type { StoredInode } from '../../formats/squashfs/read/parse-inode.ts';
import type { SquashfsImage } from '../../formats/squashfs/read/open.ts';
import { readFileStart } from './file-start.ts';
import { findPath } from './find-path.ts';

/** Program that an ordinary user cannot start, although root can. */
export interface RestrictedProgram {
  readonly path: string;
  /** Path whose mode denies access: the program itself, or one of its parent directories. */
  readonly denied: string;
  readonly mode: number;
  /** Numeric user id of the owner. */
  readonly owner: number;
}

/** Programs that an image starts. */
export interface StartedPrograms {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** `NAME=VALUE`. */
  readonly env: readonly string[];
}

/** Docker's default for an image without PATH. */
const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const anyExecute = 0o111;
const othersExecute = 0o001;
const othersRead = 0o004;

/**
 * Finds a program of the image that an ordinary user cannot start: Apptainer starts it as the user, Docker as root.
 *
 * @returns the first program that only its owner or its group can start.
 */
export async function findRestrictedProgram(
  image: SquashfsImage,
  { entrypoint, cmd, env }: StartedPrograms,
): Promise<RestrictedProgram | undefined> {
  const [first = '', ...more] = [...entrypoint, ...cmd];
  const directories = (
    env.findLast((word) => word.startsWith('PATH='))?.slice('PATH='.length) ?? usualPath
  ).split(':');
  const isPath = (word: string) => word.startsWith('/');
  // After an entrypoint, CMD is an argument, which is often a program too, as for `sh -c`.
  const others = [
    cmd[0] ?? '',
    ...(more[0] === '-c' ? [(more[1] ?? '').replace(/^exec +/, '').split(' ')[0] ?? ''] : []),
  ];
  const places = [
    first.includes('/')
      ? [first].filter(isPath)
      : directories.filter(isPath).map((directory) => `${directory}/${first}`),
    ...others.map((word) => [word].filter(isPath)),
  ];
  for (const paths of places) {
    const denied: RestrictedProgram[] = [];
    for (const path of paths) {
      const found = await lookAt(image, path);
      if (found === 'free') {
        denied.length = 0;
        break;
      }
      if (found !== undefined) {
        denied.push(found);
      }
    }
    if (denied[0] !== undefined) {
      return denied[0];
    }
  }
  return undefined;
}

/** @returns undefined when there is no program at the path, or no user could execute it. */
async function lookAt(image: SquashfsImage, path: string): Promise<RestrictedProgram | 'free' | undefined> {
  const found = findPath(image, path);
  if (found?.inode.kind !== 'file' || (found.inode.mode & anyExecute) === 0) {
    return undefined;
  }
  const restricted = (denied: string, { mode, user }: StoredInode): RestrictedProgram => ({
    path,
    denied,
    mode,
    owner: image.ids[user] ?? 0,
  });
  const closed = found.directories.find(({ inode }) => (inode.mode & othersExecute) === 0);
  if (closed !== undefined) {
    return restricted(closed.path, closed.inode);
  }
  // A script is read by its interpreter, so that it has to be readable too.
  const isScript = (await readFileStart(image, found.inode)).toString('latin1', 0, 2) === '#!';
  const needed = isScript ? othersExecute | othersRead : othersExecute;
  return (found.inode.mode & needed) === needed ? 'free' : restricted(path, found.inode);
}
