import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expectSuccess } from '../support/processes/command.ts';
import type { Context } from '../support/context.ts';
import type { Packages } from './facts.ts';
import { findDebianMirror } from './mirror.ts';
import { checkBuildRequirements } from './requirements.ts';

const BUILD_TIMEOUT_MS = 30 * 60_000;

/**
 * Builds a root file system under a temporary name and renames it when it is complete. The caller holds the
 * build lock.
 *
 * @param setup script that mmdebstrap runs after it has installed the packages
 */
export async function buildRootFilesystem(
  context: Context,
  directory: string,
  packages: Packages,
  setup: string,
): Promise<void> {
  const { output, clock, run, signal, env } = context;
  checkBuildRequirements(context);
  const cache = path.dirname(directory);
  await removeLeftovers(cache);
  const mirror = await findDebianMirror(context);
  const part = `${directory}.part`;
  // Temporary files of a killed build are removed with its directory.
  const temporary = path.join(part, 'tmp');
  await mkdir(temporary, { recursive: true, mode: 0o755 });
  const hook = path.join(part, 'setup.sh');
  await writeFile(hook, setup, { mode: 0o755 });
  const started = clock.now().getTime();
  const report = (line: string): void => {
    const seconds = ((clock.now().getTime() - started) / 1000).toFixed(0).padStart(3);
    output.info(`[${seconds} s] ${line}`);
  };
  report(
    `building the lab's root file system from ${packages.suite} of ${mirror}: once, about 1.0 GB, 1-3 minutes`,
  );
  const root = path.join(part, 'root');
  try {
    // In its own namespaces, no process of the build outlives this process.
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
      {
        env: { ...env, TMPDIR: temporary },
        signal,
        killSignal: 'SIGKILL',
        timeoutMs: BUILD_TIMEOUT_MS,
        onStderrLine: createStageFilter(report),
      },
    );
    expectSuccess(
      result,
      'building the root file system of the lab',
      'check the mirror and the free disk space',
    );
    await writeFile(path.join(part, 'versions.json'), await readVersions(context, root));
    await rm(hook);
    await rm(temporary, { recursive: true });
    await rename(part, directory);
    report('the root file system is ready');
  } catch (error) {
    // A killed process may write for a moment until it ends.
    await rm(part, { recursive: true, force: true, maxRetries: 10 });
    throw error;
  }
}

/** Creates a filter that passes on the stages of mmdebstrap, without the output of apt. */
function createStageFilter(report: (line: string) => void): (line: string) => void {
  return (line) => {
    if (/^[IEW]: /.test(line)) {
      report(line.slice(3));
    }
  };
}

async function readVersions({ run, env, signal }: Context, root: string): Promise<string> {
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

/** Removes the remains of killed builds. */
async function removeLeftovers(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (/^rootfs-[0-9a-f]+\.part$/.test(name)) {
      await rm(path.join(cache, name), { recursive: true, force: true });
    }
  }
}
