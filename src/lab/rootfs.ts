import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { renderTemplate } from '../render/template.ts';
import type { Context } from '../support/context.ts';
import { HpcGatError } from '../support/errors.ts';
import { isMissing } from '../support/files/file-access.ts';
import { getPackageDirectory } from '../support/package/package-files.ts';
import { loadPackages, type Cluster, type Packages } from './facts.ts';
import { labCacheDirectory } from './open-lab.ts';
import { withLock } from './lab-lock.ts';
import { buildRootFilesystem } from './rootfs-build.ts';

/** Root file system that all nodes share, read-only below their own overlays. */
export interface RootFilesystem {
  /** Directory with `root/` and `versions.json`. */
  readonly directory: string;
  readonly root: string;
}

/** Returns the cached root file system; builds it first if there is none. */
export async function provideRootFilesystem(context: Context, cluster: Cluster): Promise<RootFilesystem> {
  const { packages, setup, cache, directory } = await loadDefinition(context, cluster);
  if (await exists(directory)) {
    return createRootFilesystem(directory);
  }
  return await withLock(
    path.join(cache, 'rootfs.lock'),
    'the build of the root file system',
    context,
    async () => {
      if (await exists(directory)) {
        return createRootFilesystem(directory);
      }
      try {
        await buildRootFilesystem(context, directory, packages, setup);
        return createRootFilesystem(directory);
      } catch (error) {
        context.signal.throwIfAborted();
        const older = await findNewestCached(cache);
        if (older === undefined) {
          throw error;
        }
        context.output.warn(
          `no new root file system (${error instanceof Error ? error.message : String(error)}); using the older ${older}`,
        );
        return createRootFilesystem(older);
      }
    },
  );
}

/** Returns whether the root file system is cached. */
export async function isRootFilesystemBuilt(context: Context, cluster: Cluster): Promise<boolean> {
  return exists((await loadDefinition(context, cluster)).directory);
}

/** Returns the packages and the setup script of the root file system, and its directory. */
async function loadDefinition(context: Context, cluster: Cluster) {
  const packages = await loadPackages();
  const driverDirectory = path.join(await getPackageDirectory(context), 'templates', 'lab', 'driver');
  const setup = await renderTemplate('lab/rootfs-setup.sh.hbs', {
    users: Object.entries(cluster.users).map(([name, { uid }]) => ({ name, uid })),
    driverSource: driverDirectory,
  });
  const cache = labCacheDirectory(context);
  const directory = path.join(cache, `rootfs-${await hashDefinition(packages, setup, driverDirectory)}`);
  return { packages, setup, cache, directory };
}

/** Reads the package versions of a root file system. */
export async function readPackageVersions(directory: string): Promise<Record<string, string>> {
  return JSON.parse(await readFile(path.join(directory, 'versions.json'), 'utf8')) as Record<string, string>;
}

function createRootFilesystem(directory: string): RootFilesystem {
  return { directory, root: path.join(directory, 'root') };
}

/**
 * Returns a key of the definition. Versions are not part of it: sid changes, and a cached root file system
 * still works.
 */
async function hashDefinition(packages: Packages, setup: string, driverDirectory: string): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(packages));
  hash.update(setup.replaceAll(driverDirectory, 'driver'));
  for (const name of (await readdir(driverDirectory)).sort()) {
    hash.update(await readFile(path.join(driverDirectory, name)));
  }
  return hash.digest('hex').slice(0, 12);
}

async function findNewestCached(cache: string): Promise<string | undefined> {
  const names = (await readdir(cache)).filter((name) => /^rootfs-[0-9a-f]+$/.test(name));
  const dated = await Promise.all(
    names.map(async (name) => {
      const directory = path.join(cache, name);
      return { directory, at: (await stat(directory)).mtimeMs };
    }),
  );
  return dated.sort((a, b) => b.at - a.at)[0]?.directory;
}

async function exists(directory: string): Promise<boolean> {
  try {
    return (await stat(directory)).isDirectory();
  } catch (error) {
    if (isMissing(error)) {
      return false;
    }
    throw new HpcGatError(`cannot read ${directory}`, { cause: error });
  }
}
