import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { renderTemplate } from '../render/template.ts';
import { expectSuccess } from '../support/command.ts';
import type { Context } from '../support/context.ts';
import { HpcGatError } from '../support/errors.ts';
import { isMissing } from '../support/files.ts';
import { packageRoot } from '../support/package-root.ts';
import { loadPackages, type Cluster, type Packages } from './facts.ts';
import { labCacheFolder } from './lab.ts';
import { withLock } from './lock.ts';
import { debianMirror } from './mirror.ts';
import { checkBuildRequirements } from './requirements.ts';

const BUILD_TIMEOUT_MS = 30 * 60_000;
const driverFolder = path.join(packageRoot, 'templates', 'lab', 'driver');

/** The root file system that all nodes share, read-only below their own overlays. */
export interface RootFilesystem {
  /** Holds `root/` and `versions.json`. */
  readonly folder: string;
  readonly root: string;
}

/** The cached root file system; built first where there is none. */
export async function rootFilesystem(context: Context, cluster: Cluster): Promise<RootFilesystem> {
  const packages = await loadPackages();
  const setup = await renderTemplate('lab/rootfs-setup.sh.hbs', {
    users: Object.entries(cluster.users).map(([name, { uid }]) => ({ name, uid })),
    driverSource: driverFolder,
  });
  const cache = labCacheFolder(context);
  const folder = path.join(cache, `rootfs-${await recipeKey(packages, setup)}`);
  if (await exists(folder)) {
    return at(folder);
  }
  return await withLock(
    path.join(cache, 'rootfs.lock'),
    'the build of the root file system',
    context,
    async () => {
      if (await exists(folder)) {
        return at(folder);
      }
      try {
        await build(context, folder, packages, setup);
        return at(folder);
      } catch (error) {
        context.signal.throwIfAborted();
        const older = await newestCached(cache);
        if (older === undefined) {
          throw error;
        }
        context.output.warn(
          `no new root file system (${error instanceof Error ? error.message : String(error)}); using the older ${older}`,
        );
        return at(older);
      }
    },
  );
}

/** The package versions that a root file system came with. */
export async function packageVersions(folder: string): Promise<Record<string, string>> {
  return JSON.parse(await readFile(path.join(folder, 'versions.json'), 'utf8')) as Record<string, string>;
}

function at(folder: string): RootFilesystem {
  return { folder, root: path.join(folder, 'root') };
}

/** Same recipe, same key. Versions are no part of it: sid moves, and what is cached still works. */
async function recipeKey(packages: Packages, setup: string): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(packages));
  hash.update(setup.replaceAll(driverFolder, 'driver'));
  for (const name of (await readdir(driverFolder)).sort()) {
    hash.update(await readFile(path.join(driverFolder, name)));
  }
  return hash.digest('hex').slice(0, 12);
}

async function build(context: Context, folder: string, packages: Packages, setup: string): Promise<void> {
  const { output, clock, run, signal, env } = context;
  checkBuildRequirements(context);
  const cache = path.dirname(folder);
  await removeLeftovers(cache);
  const mirror = await debianMirror(context);
  const part = `${folder}.part`;
  await mkdir(part, { recursive: true, mode: 0o755 });
  const hook = path.join(part, 'setup.sh');
  await writeFile(hook, setup, { mode: 0o755 });
  const started = clock.now().getTime();
  const tell = (line: string): void => {
    const seconds = ((clock.now().getTime() - started) / 1000).toFixed(0).padStart(3);
    output.info(`[${seconds} s] ${line}`);
  };
  tell(
    `building the lab's root file system from ${packages.suite} of ${mirror}: once, about 1.0 GB, 1-3 minutes`,
  );
  const root = path.join(part, 'root');
  try {
    // In namespaces of its own nothing of it outlives this process, whatever ends it.
    const result = await run(
      'setpriv',
      [
        ...['--pdeathsig', 'KILL', 'unshare', '--mount', '--pid', '--mount-proc', '--fork', '--kill-child'],
        ...['mmdebstrap', '--mode=root', '--variant=minbase'],
        '--aptopt=Acquire::Check-Valid-Until "false"',
        '--aptopt=Acquire::Check-Date "false"',
        '--dpkgopt=path-exclude=/usr/share/man/*',
        '--dpkgopt=path-exclude=/usr/share/doc/*',
        '--dpkgopt=path-exclude=/usr/share/locale/*',
        `--customize-hook=${hook}`,
        `--include=${packages.packages.join(',')}`,
        ...[packages.suite, root, mirror],
      ],
      { env, signal, killSignal: 'SIGKILL', timeoutMs: BUILD_TIMEOUT_MS, onStderrLine: reporter(tell) },
    );
    expectSuccess(
      result,
      'building the root file system of the lab',
      'look at the mirror and at free disk space',
    );
    await writeFile(path.join(part, 'versions.json'), await versionsIn(context, root));
    await rm(hook);
    await rename(part, folder);
    tell('the root file system is ready');
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    throw error;
  }
}

/** mmdebstrap's own stages; apt's chatter stays out. */
function reporter(tell: (line: string) => void): (line: string) => void {
  return (line) => {
    if (/^[IEW]: /.test(line)) {
      tell(line.slice(3));
    }
  };
}

async function versionsIn({ run, env, signal }: Context, root: string): Promise<string> {
  const { stdout } = expectSuccess(
    await run('chroot', [root, 'dpkg-query', '--show', '--showformat', '${Package} ${Version}\n'], {
      env: { PATH: env.PATH, LANG: 'C.UTF-8' },
      timeoutMs: 30_000,
      signal,
    }),
    'listing the packages of the root file system',
  );
  const versions = stdout.split('\n').map((line) => line.split(' '));
  return `${JSON.stringify(Object.fromEntries(versions), null, 2)}\n`;
}

/** What a build left that was killed. Only called with the build lock held. */
async function removeLeftovers(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (/^rootfs-[0-9a-f]+\.part$/.test(name)) {
      await rm(path.join(cache, name), { recursive: true, force: true });
    }
  }
}

async function newestCached(cache: string): Promise<string | undefined> {
  const names = (await readdir(cache)).filter((name) => /^rootfs-[0-9a-f]+$/.test(name));
  const dated = await Promise.all(
    names.map(async (name) => {
      const folder = path.join(cache, name);
      return { folder, at: (await stat(folder)).mtimeMs };
    }),
  );
  return dated.sort((a, b) => b.at - a.at)[0]?.folder;
}

async function exists(folder: string): Promise<boolean> {
  try {
    return (await stat(folder)).isDirectory();
  } catch (error) {
    if (isMissing(error)) {
      return false;
    }
    throw new HpcGatError(`cannot look at ${folder}`, { cause: error });
  }
}
