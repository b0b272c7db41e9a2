import { existsSync } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import {
  type ContainerPath,
  type MountPoint,
  resolveInContainer,
  resolveMounts,
} from '../../support/files/container-paths.ts';
import { findBackend, getModelFileName, listServedVersions } from '../backends.ts';
import type { Finding } from '../finding.ts';
import { readModel } from '../repository.ts';

/** Path of the model repository in a container. */
const repositoryInContainer = '/models';

/** Directories that images contain: the host's files there are not those of the container. */
const imageDirectories = /^\/(?:usr|lib\w*|s?bin|etc|opt\/tritonserver)(?:\/|$)/;

/** Limit of visited directories, for links that lead to a complete file system. */
const maxDirectories = 2_000;

/** Mounts of the server's container. */
export interface ContainerView {
  /** Mounts besides the model repository. */
  readonly mounts: readonly MountPoint[];
  /** Directories that the runtime may mount in addition: the working directory, those named in its options or in `setup`. */
  readonly possible?: readonly string[];
}

export const repositoryOnly: ContainerView = { mounts: [] };

/** Finding about a link that the server cannot follow. */
export interface LinkFinding extends Finding {
  /**
   * True when the server certainly fails with the link: the target exists on this host, but not in the
   * container.
   */
  readonly isCertain: boolean;
}

/**
 * Finds symbolic links in a repository that lead nowhere in the server's container, which has the repository at /models
 * and the mounts of `view`. tritonserver does not start when the directory of the repository or of a model contains such a
 * link, nor when a model file is one; for links below a version's directory it logs an error and continues.
 *
 * @param names models to check; all entries of the repository when undefined
 */
export async function checkLinks(
  repository: string,
  names: readonly string[] | undefined,
  { mounts, possible = [] }: ContainerView,
): Promise<LinkFinding[]> {
  const certain = await resolveMounts([
    { source: repository, destination: repositoryInContainer },
    ...mounts,
  ]);
  const uncertain = [
    ...certain,
    ...(await resolveMounts(possible.map((directory) => ({ source: directory, destination: directory })))),
  ];
  const findings: LinkFinding[] = [];
  const visited = new Set<string>();

  const visit = async (file: string, inContainer: string, model: string): Promise<void> => {
    let resolved = await resolveInContainer(inContainer, certain);
    if (resolved.kind !== 'found' && (await isLink(file))) {
      const shown = await resolveInContainer(inContainer, uncertain);
      const isOptional =
        path.dirname(path.dirname(file)) !== repository &&
        path.dirname(file) !== repository &&
        !(await isModelFile(path.join(repository, model), file));
      findings.push(await createFinding({ file, model, isOptional }, resolved, shown));
      resolved = shown;
    }
    if (resolved.kind === 'found' && resolved.isDirectory && !visited.has(resolved.host)) {
      visited.add(resolved.host);
      for (const name of await listNames(resolved.host)) {
        if (visited.size < maxDirectories) {
          await visit(path.join(file, name), path.posix.join(inContainer, name), model);
        }
      }
    }
  };

  for (const name of names ?? (await listNames(repository))) {
    await visit(path.join(repository, name), path.posix.join(repositoryInContainer, name), name);
  }
  return findings;
}

/**
 * Returns whether a link, such as one to /models/..., can be followed in the container and not on this host.
 */
export async function existsOnlyInContainer(
  repository: string,
  file: string,
  { mounts }: ContainerView,
): Promise<boolean> {
  if (!(await isLink(file)) || existsSync(file)) {
    return false;
  }
  const all = await resolveMounts([{ source: repository, destination: repositoryInContainer }, ...mounts]);
  const inContainer = path.posix.join(repositoryInContainer, path.relative(repository, file));
  return (await resolveInContainer(inContainer, all)).kind === 'found';
}

async function listNames(directory: string): Promise<string[]> {
  // A directory that cannot be listed is reported by its reader.
  return (await readdir(directory).catch(() => [])).sort();
}

/** Returns whether the backend loads this file from a served version. */
async function isModelFile(directory: string, file: string): Promise<boolean> {
  const model = await readModel(directory);
  const backend = findBackend(model);
  const name = backend === undefined ? undefined : getModelFileName(model, backend);
  return (
    name !== undefined &&
    listServedVersions(model).some((version) => path.join(version.directory, name) === file)
  );
}

async function createFinding(
  { file, model, isOptional }: { file: string; model: string; isOptional: boolean },
  resolved: ContainerPath,
  shown: ContainerPath,
): Promise<LinkFinding> {
  const { link } = resolved;
  const { target } = link ?? { target: '' };
  const through =
    link === undefined || path.basename(link.file) === path.basename(file) ? '' : ` through ${link.file}`;
  const report = (
    severity: Finding['severity'],
    what: string,
    fix: string,
    isCertain = false,
  ): LinkFinding => ({
    model,
    file,
    severity: isOptional ? 'warning' : severity,
    what: `this link leads${through} to ${target}, ${what}`,
    fix,
    isCertain: isCertain && !isOptional,
  });
  const copy = 'replace the link by the file or directory itself';
  if (resolved.kind === 'loop') {
    return report('error', 'and so back to itself', copy, true);
  }
  const onHost = link === undefined ? file : path.resolve(path.dirname(link.file), target);
  const bind = `add ${path.dirname(onHost)} to binds in hpc-gat.yaml`;
  if (shown.kind === 'found') {
    return report(
      'warning',
      'which the container sees only where its runtime mounts that directory by itself',
      `make it a relative link within the repository, or ${bind}`,
    );
  }
  const container = resolved.kind === 'found' ? '' : resolved.container;
  if (!(await exists(onHost))) {
    const where =
      container === onHost || !container.startsWith(`${repositoryInContainer}/`)
        ? ''
        : ', nor in the container';
    return report('error', `which does not exist${where}`, copy);
  }
  if (imageDirectories.test(container)) {
    return report('warning', `which in the container is a file of the image, if it has one`, copy);
  }
  return target.startsWith('/')
    ? report(
        'error',
        `which the container does not see: it has only the repository, at ${repositoryInContainer}`,
        `${copy}, or ${bind}`,
        true,
      )
    : report(
        'error',
        `which leaves the repository: in the container that is ${container}`,
        `${copy}; or make the link absolute and ${bind}`,
        true,
      );
}

async function isLink(file: string): Promise<boolean> {
  return lstat(file).then(
    (stats) => stats.isSymbolicLink(),
    () => false,
  );
}

async function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  );
}
