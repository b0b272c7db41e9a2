import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { getCacheDirectory } from '../../src/support/files/cache-directory.ts';
import { expectSuccess, runCommand } from '../../src/support/processes/command.ts';

/** The versions are pinned, because cached files are never fetched again. */
const wheels = ['pip==25.3', 'tqdm==4.67.1'];

/** A few MB are fetched from PyPI. */
const timeoutMs = 2 * 60_000;

/** Copies the wheels of pip and of one small package into the directory; they are fetched once and cached. */
export async function installPipWheels(directory: string): Promise<void> {
  const cache = getCacheDirectory({ env: process.env });
  const kept = path.join(cache, `pip-wheels-${wheels.join('-').replaceAll('==', '-')}`);
  if (!existsSync(kept)) {
    await mkdir(cache, { recursive: true });
    await fetchWheels(kept);
  }
  await cp(kept, directory, { recursive: true });
}

async function fetchWheels(directory: string): Promise<void> {
  const temporary = await mkdtemp(`${directory}.part.`);
  const target = path.join(temporary, 'wheels');
  try {
    const pip = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps'];
    const result = await runCommand('python3', [...pip, '--only-binary=:all:', '--dest', target, ...wheels], {
      env: process.env,
      timeoutMs,
    });
    expectSuccess(result, 'pip download');
    await rename(target, directory);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
