import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { findDebianMirror } from '../../src/lab/mirror.ts';
import { getCacheDirectory } from '../../src/support/files/cache-directory.ts';
import { expectSuccess, runCommand } from '../../src/support/processes/command.ts';
import { testContext } from './context.ts';

/** Packages of Debian 12 users, with the libraries that the lab's newer Debian lacks. */
const packages = [
  'squashfs-tools',
  ...['docker.io', 'containerd', 'runc', 'libdevmapper1.02.1'],
  ...['podman', 'conmon', 'crun', 'libgpgme11', 'libassuan0', 'libsubid4', 'libglib2.0-0', 'libyajl2'],
];

/** Programs that are kept, in addition to libraries, which have the same total size. */
const programs = ['unsquashfs', 'dockerd', 'containerd', 'runc', 'podman', 'conmon', 'crun'];

/** About 80 MB are fetched; without a cache it took 7 s. */
const timeoutMs = 5 * 60_000;

/**
 * Installs programs and libraries of Debian 12 in one flat directory; they are fetched once and cached.
 *
 * @param directory a new directory of root.
 */
export async function installDebian12(directory: string): Promise<void> {
  const cache = getCacheDirectory({ env: process.env });
  const ready = path.join(cache, 'debian-12-programs');
  if (!existsSync(ready)) {
    await mkdir(cache, { recursive: true });
    await fetchPrograms(ready);
  }
  await cp(ready, directory, { recursive: true, verbatimSymlinks: true });
}

/** Returns the command that starts one of them, whose libraries are invisible to other programs. */
export function startedFrom(directory: string, program: string): string {
  return `env LD_LIBRARY_PATH=${directory} PATH=${directory}:$PATH ${directory}/${program}`;
}

/** Fetches the packages by an apt with its own sources, because those of this machine may be of another release. */
async function fetchPrograms(directory: string): Promise<void> {
  const temporary = await mkdtemp(`${directory}.part.`);
  const within = (name: string) => path.join(temporary, name);
  try {
    for (const name of ['lists/partial', 'cache/archives/partial', 'packages', 'root', 'kept']) {
      await mkdir(within(name), { recursive: true });
    }
    const mirror = await findDebianMirror(
      testContext({ env: process.env, cwd: process.cwd(), run: runCommand }),
    );
    const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
    await writeFile(within('sources.list'), `deb [signed-by=${keyring}] ${mirror} bookworm main\n`);
    const options = [
      // The installed packages of this machine must not count as installed.
      'Dir::State::status=/dev/null',
      `Dir::State::lists=${within('lists')}`,
      `Dir::Cache=${within('cache')}`,
      `Dir::Etc::sourcelist=${within('sources.list')}`,
      'Dir::Etc::sourceparts=/dev/null',
      'Acquire::Languages=none',
      'Acquire::Check-Valid-Until=false',
      'Acquire::Check-Date=false',
      'APT::Sandbox::User=root',
    ].flatMap((option) => ['-o', option]);
    const run = async (program: string, args: readonly string[], cwd = temporary) =>
      expectSuccess(await runCommand(program, args, { env: process.env, timeoutMs, cwd }), program);
    await run('apt-get', [...options, '--quiet', 'update']);
    await run('apt-get', [...options, '--quiet', 'download', ...packages], within('packages'));
    for (const name of await readdir(within('packages'))) {
      await run('dpkg-deb', ['--extract', path.join(within('packages'), name), within('root')]);
    }
    for (const file of await readdir(within('root'), { recursive: true, withFileTypes: true })) {
      const { name, parentPath } = file;
      const isProgram = /\/s?bin$/.test(parentPath) && programs.includes(name) && file.isFile();
      if (isProgram || (/\/lib\/[^/]+-linux-gnu$/.test(parentPath) && name.includes('.so.'))) {
        await rename(path.join(parentPath, name), path.join(within('kept'), name));
      }
    }
    await rename(within('kept'), directory);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
