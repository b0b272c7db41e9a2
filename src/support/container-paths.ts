import { lstat, readlink, realpath } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from './errors.ts';
import type { Mount } from './mount.ts';

export type MountPoint = Pick<Mount, 'source' | 'destination'>;

/** A symbolic link on the host, and its target as it is written. */
export interface SymbolicLink {
  readonly file: string;
  readonly target: string;
}

/** Where a path leads for a program in a container. */
export type ContainerPath = {
  /** The last symbolic link on the way. */
  readonly link: SymbolicLink | undefined;
} & (
  | { readonly kind: 'found'; readonly host: string; readonly isFolder: boolean }
  /** Below no mount: only the image can have it. */
  | { readonly kind: 'outside'; readonly container: string }
  /** Below a mount, where the host has no such file. */
  | { readonly kind: 'missing'; readonly container: string }
  | { readonly kind: 'loop' }
);

/** As in Linux, path_resolution(7). */
const mostLinks = 40;

/** Every container has these, whatever is mounted. */
const systemFolders = ['/dev', '/proc', '/sys'];

/** Mount points with the links of their sources resolved, as a runtime does when it mounts them. */
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
  let rest = partsOf(containerPath);
  let at = '/';
  let link: SymbolicLink | undefined;
  let isFolder = true;
  let links = 0;
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    at = path.posix.join(at, part);
    const host = hostPath(at, mounts);
    const whole = path.posix.join(at, ...rest);
    if (host === undefined) {
      if (!isAboveMount(at, mounts)) {
        return { kind: 'outside', container: whole, link };
      }
      continue;
    }
    const kind = part === '..' ? 'folder' : await kindOf(host);
    if (kind === 'link') {
      link = { file: host, target: await readlink(host) };
      links += 1;
      if (links > mostLinks) {
        return { kind: 'loop', link };
      }
      at = link.target.startsWith('/') ? '/' : path.posix.dirname(at);
      rest = [...partsOf(link.target), ...rest];
    } else if (kind === undefined || (kind === 'file' && rest.length > 0)) {
      return { kind: 'missing', container: whole, link };
    } else {
      isFolder = kind === 'folder';
    }
  }
  const host = hostPath(at, mounts);
  return host === undefined
    ? { kind: 'outside', container: at, link }
    : { kind: 'found', host, isFolder, link };
}

function partsOf(name: string): string[] {
  return name.split('/').filter((part) => part !== '' && part !== '.');
}

/** Where the host has what a container has at `at`; undefined where no mount has it. The deepest mount counts. */
function hostPath(at: string, mounts: readonly MountPoint[]): string | undefined {
  const [deepest] = mounts
    .filter(({ destination }) => isWithin(at, destination))
    .sort((a, b) => b.destination.length - a.destination.length);
  if (deepest === undefined) {
    return systemFolders.some((folder) => isWithin(at, folder)) ? at : undefined;
  }
  return path.join(deepest.source, path.posix.relative(deepest.destination, at));
}

function isWithin(file: string, folder: string): boolean {
  return folder === '/' || file === folder || file.startsWith(`${folder}/`);
}

/** Runtimes make the folders that lead to a mount. */
function isAboveMount(at: string, mounts: readonly MountPoint[]): boolean {
  return mounts.some(({ destination }) => isWithin(destination, at));
}

/** Undefined for what is not there. What cannot be looked at counts as a file: others report that. */
async function kindOf(host: string): Promise<'link' | 'folder' | 'file' | undefined> {
  try {
    const stats = await lstat(host);
    return stats.isSymbolicLink() ? 'link' : stats.isDirectory() ? 'folder' : 'file';
  } catch (error) {
    return ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(codeOf(error) ?? '') ? undefined : 'file';
  }
}
