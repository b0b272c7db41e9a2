import type { StoredInode } from '../../formats/squashfs/read/inode.ts';
import type { SquashfsImage } from '../../formats/squashfs/read/open.ts';
import { startOf } from './file-start.ts';
import { findPath } from './find-path.ts';

/** A program that an ordinary user cannot start, though root can. */
export interface RestrictedProgram {
  readonly path: string;
  /** What denies it: the program itself, or a directory on the way to it. */
  readonly denied: string;
  readonly mode: number;
  /** Numeric user id of the owner. */
  readonly owner: number;
}

/** What an image starts. */
export interface StartedPrograms {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** `NAME=VALUE`. */
  readonly env: readonly string[];
}

/** Docker's, where an image sets none. */
const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const anyExecute = 0o111;
const othersExecute = 0o001;
const othersRead = 0o004;

/**
 * Looks whether somebody who is not root can start what an image runs: Apptainer starts it as its user, Docker as root.
 *
 * @returns the first program that only its owner or its group can start.
 */
export async function findRestrictedProgram(
  image: SquashfsImage,
  { entrypoint, cmd, env }: StartedPrograms,
): Promise<RestrictedProgram | undefined> {
  const [first = '', ...more] = [...entrypoint, ...cmd];
  const folders = (
    env.findLast((word) => word.startsWith('PATH='))?.slice('PATH='.length) ?? usualPath
  ).split(':');
  const isPath = (word: string) => word.startsWith('/');
  // Behind an entrypoint CMD is an argument, often a program too, like that of `sh -c`.
  const others = [
    cmd[0] ?? '',
    ...(more[0] === '-c' ? [(more[1] ?? '').replace(/^exec +/, '').split(' ')[0] ?? ''] : []),
  ];
  const places = [
    first.includes('/')
      ? [first].filter(isPath)
      : folders.filter(isPath).map((folder) => `${folder}/${first}`),
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

/** @returns undefined where there is no program, or none that anybody could start. */
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
  // A script is read by the program that it names, which needs the right to do so.
  const isScript = (await startOf(image, found.inode)).toString('latin1', 0, 2) === '#!';
  const needed = isScript ? othersExecute | othersRead : othersExecute;
  return (found.inode.mode & needed) === needed ? 'free' : restricted(path, found.inode);
}
