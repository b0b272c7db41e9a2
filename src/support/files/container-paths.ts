import { lstat, readlink, realpath } from 'node:fs/promises';
import path from 'node:path';
import { getErrorCode } from '../errors.ts';
import type { Mount } from './mount.ts';

export type MountPoint = Pick<Mount, 'source' | 'destination'>;

/** Symbolic link on the host, with its unresolved target. */
export interface SymbolicLink {
  readonly file: string;
  readonly target: string;
}

/** Result of resolving a path in a container. */
export type ContainerPath = {
  /** Last symbolic link that was followed. */
  readonly link: SymbolicLink | undefined;
} & (
  | { readonly kind: 'found'; readonly host: string; readonly isDirectory: boolean }
  /** Path outside all mounts, which only the image can contain. */
  | { readonly kind: 'outside'; readonly container: string }
  /** Path below a mount that does not exist on the host. */
  | { readonly kind: 'missing'; readonly container: string }
  | { readonly kind: 'loop' }
);

/** Limit of symbolic links in one path, as in Linux (path_resolution(7)). */
const maxLinks = 40;

/** Directories that every container has. */
const systemDirectories = ['/dev', '/proc', '/sys'];

/** Resolves the links in the sources of mount points, as a runtime does when it mounts them. */
export async function resolveMounts(mounts: readonly MountPoint[]): Promise<MountPoint[]> {
  return Promise.all(
    mounts.map(async ({ source, destination }) => ({
      source: await realpath(source).catch(() => source),
      destination: path.posix.resolve('/', destination),
    })),
  );
}

/**
 * Resolves a path as a container with these mounts does: absolute links start at the root of the container, and `..`
 * above a mount leads into the container's own file system.
 *
 * @param mounts from resolveMounts
 */
export async function resolveInContainer(
  containerPath: string,
  mounts: readonly MountPoint[],
): Promise<ContainerPath> {
  let rest = splitPath(containerPath);
  let at = '/';
  let link: SymbolicLink | undefined;
  let isDirectory = true;
  let links = 0;
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    at = path.posix.join(at, part);
    const host = toHostPath(at, mounts);
    const whole = path.posix.join(at, ...rest);
    if (host === undefined) {
      if (!isAboveMount(at, mounts)) {
        return { kind: 'outside', container: whole, link };
      }
      continue;
    }
    const kind = part === '..' ? 'directory' : await getKind(host);
    if (kind === 'link') {
      link = { file: host, target: await readlink(host) };
      links += 1;
      if (links > maxLinks) {
        return { kind: 'loop', link };
      }
      at = link.target.startsWith('/') ? '/' : path.posix.dirname(at);
      rest = [...splitPath(link.target), ...rest];
    } else if (kind === undefined || (kind === 'file' && rest.length > 0)) {
      return { kind: 'missing', container: whole, link };
    } else {
      isDirectory = kind === 'directory';
    }
  }
  const host = toHostPath(at, mounts);
  return host === undefined
    ? { kind: 'outside', container: at, link }
    : { kind: 'found', host, isDirectory, link };
}

function splitPath(name: string): string[] {
  return name.split('/').filter((part) => part !== '' && part !== '.');
}

/** Returns the path on the host of a container's path `at`; undefined outside all mounts. The deepest mount counts. */
function toHostPath(at: string, mounts: readonly MountPoint[]): string | undefined {
  const [deepest] = mounts
    .filter(({ destination }) => isWithin(at, destination))
    .sort((a, b) => b.destination.length - a.destination.length);
  if (deepest === undefined) {
    return systemDirectories.some((directory) => isWithin(at, directory)) ? at : undefined;
  }
  return path.join(deepest.source, path.posix.relative(deepest.destination, at));
}

function isWithin(file: string, directory: string): boolean {
  return directory === '/' || file === directory || file.startsWith(`${directory}/`);
}

/** Returns whether a path is a parent of a mount point, which the runtime creates. */
function isAboveMount(at: string, mounts: readonly MountPoint[]): boolean {
  return mounts.some(({ destination }) => isWithin(destination, at));
}

/** Returns the kind of a file; undefined for a missing one. An inaccessible one counts as a file; its reader reports it. */
async function getKind(host: string): Promise<'link' | 'directory' | 'file' | undefined> {
  try {
    const stats = await lstat(host);
    return stats.isSymbolicLink() ? 'link' : stats.isDirectory() ? 'directory' : 'file';
  } catch (error) {
    return ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(getErrorCode(error) ?? '') ? undefined : 'file';
  }
}
