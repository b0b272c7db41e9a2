import { copyFile, rename, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import type { Context } from '../../support/context.ts';
import { getErrorMessage, UsageError } from '../../support/errors.ts';
import { makeDirectory } from '../../support/files/make-directory.ts';
import { listPackageDirectory, getPackageDirectory } from '../../support/package/package-files.ts';
import type { BuildPlan } from './plan-build.ts';

/**
 * Fills the directory that an image is built from: the definition files of this package, and the files that they
 * copy. Unchanged files are not written again, so that Docker and make-sif recognize them.
 *
 * @throws {UsageError} if a file cannot be read or written.
 */
export async function fillBuildDirectory(
  { target, directory, extraFiles }: BuildPlan,
  context: Pick<Context, 'env' | 'cwd'>,
): Promise<void> {
  const definitions = `defs/${target}`;
  const from = path.join(await getPackageDirectory(context), definitions);
  const own = (await listPackageDirectory(definitions)).map((name) => [name, path.join(from, name)] as const);
  const files = { ...Object.fromEntries(own), ...extraFiles };
  await makeDirectory(directory);
  for (const [name, source] of Object.entries(files)) {
    try {
      await copyChanged(source, path.join(directory, name));
    } catch (error) {
      throw new UsageError(`cannot copy ${source} to ${directory}: ${getErrorMessage(error)}`, {
        cause: error,
      });
    }
  }
}

async function copyChanged(source: string, target: string): Promise<void> {
  const wanted = await stat(source);
  const there = await stat(target).catch(() => undefined);
  if (there?.size === wanted.size && there.mtime.getTime() === wanted.mtime.getTime()) {
    return;
  }
  const part = `${target}.part`;
  await copyFile(source, part);
  await utimes(part, wanted.atime, wanted.mtime);
  await rename(part, target);
}
