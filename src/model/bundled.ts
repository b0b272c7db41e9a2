import { existsSync } from 'node:fs';
import { cp, rename } from 'node:fs/promises';
import path from 'node:path';
import type { Context } from '../support/context.ts';
import { makeDirectory } from '../support/files/make-directory.ts';
import { getPackageDirectory } from '../support/package/package-files.ts';
import { withStaging } from './staging.ts';

/** Result of installing a model of this package. */
export type BundledModel = 'placed' | 'would be placed' | 'is there already' | 'does not come along';

/**
 * Installs a model of this package into a repository that has none of that name, atomically.
 *
 * @param repository absolute path; created when it is missing
 */
export async function installBundledModel(
  context: Pick<Context, 'env' | 'cwd'>,
  repository: string,
  name: string,
  dryRun: boolean,
): Promise<BundledModel> {
  const target = path.join(repository, name);
  if (existsSync(target)) {
    return 'is there already';
  }
  const source = path.join(await getPackageDirectory(context), 'models', name);
  if (!existsSync(source)) {
    return 'does not come along';
  }
  if (dryRun) {
    return 'would be placed';
  }
  await makeDirectory(repository);
  await withStaging(repository, async (staging) => {
    const whole = path.join(staging, name);
    await cp(source, whole, { recursive: true });
    await rename(whole, target);
  });
  return 'placed';
}
