import { cp, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { expectSuccess, runCommand } from '../../src/support/processes/command.ts';
import { hashBytes } from '../../src/support/files/digest.ts';
import { packageRoot } from '../../src/support/package/package-root.ts';

/** Requirement lists for the image's Python, relative to the package. */
const requirements = {
  'gat-training': 'defs/gat-training/requirements.txt',
  tritonclient: 'test/fixtures/tritonclient.txt',
} as const;

/** About 40 MB are fetched from PyPI for each; without a cache it took 13 s. */
const timeoutMs = 5 * 60_000;

/**
 * Copies the required packages, in addition to the image's Python, into the directory; they are fetched once and
 * cached.
 */
export async function installPackages(what: keyof typeof requirements, directory: string): Promise<void> {
  const list = path.join(packageRoot, requirements[what]);
  const { XDG_CACHE_HOME = '' } = process.env;
  const cache = path.join(XDG_CACHE_HOME === '' ? path.join(homedir(), '.cache') : XDG_CACHE_HOME, 'hpc-gat');
  const digest = hashBytes(await readFile(list)).slice(0, 16);
  const kept = path.join(cache, `${what}-packages-${digest}`);
  if (!existsSync(kept)) {
    await mkdir(cache, { recursive: true });
    await fetchPackages(list, kept);
  }
  await cp(kept, directory, { recursive: true });
}

async function fetchPackages(list: string, directory: string): Promise<void> {
  const temporary = await mkdtemp(`${directory}.part.`);
  // The directory of mkdtemp itself is readable only by its owner.
  const packages = path.join(temporary, 'packages');
  try {
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-compile'];
    const what = ['--python-version', '3.13', '--only-binary=:all:', '--no-deps', '--requirement', list];
    const result = await runCommand('python3', [...pip, '--target', packages, ...what], {
      env: process.env,
      timeoutMs,
    });
    expectSuccess(result, 'pip install');
    await rename(packages, directory);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
