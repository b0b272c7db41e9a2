import { cp, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { renderTemplate } from '../render/template.ts';
import { HpcGatError, getErrorMessage, UsageError } from '../support/errors.ts';
import { makeDirectory } from '../support/files/make-directory.ts';
import { clientFiles } from '../triton/client-credentials.ts';
import type { Endpoint } from './list-endpoints.ts';

/**
 * Creates a directory of mode 0700 with everything that a colleague needs to use a server: its address, the
 * client's credentials and instructions.
 *
 * @returns the names of the files
 * @throws {UsageError} when something of that name exists.
 * @throws {HpcGatError} when a key cannot be read: a run removes its keys when it ends.
 */
export async function exportBundle(
  served: Endpoint,
  directory: string,
  { dryRun }: { readonly dryRun: boolean },
): Promise<string[]> {
  if (existsSync(directory)) {
    throw new UsageError(`${directory} exists already`, { fix: 'name a new directory' });
  }
  const { endpoint, url, models, credentials } = served;
  const secure = credentials !== undefined;
  const keys = secure ? clientFiles : [];
  const texts = {
    'endpoint.json': `${JSON.stringify({ ...endpoint, models, credentials: secure ? '.' : null }, null, 2)}\n`,
    'README.md': await renderTemplate('bundle/README.md.hbs', {
      ...endpoint,
      url,
      models,
      names: models.join(', '),
      literals: models.map((name) => JSON.stringify(name)).join(', '),
      secure,
    }),
  };
  if (!dryRun) {
    await makeDirectory(path.dirname(directory));
    // mkdtemp creates a directory of mode 0700, which is renamed once it is complete.
    const temporary = await mkdtemp(`${directory}.part.`);
    try {
      for (const name of keys) {
        await copyKey(path.join(credentials ?? '', name), path.join(temporary, name), served.run);
      }
      for (const [name, text] of Object.entries(texts)) {
        await writeFile(path.join(temporary, name), text, { mode: 0o600 });
      }
      await rename(temporary, directory);
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      throw error;
    }
  }
  return [...keys, ...Object.keys(texts)];
}

async function copyKey(source: string, target: string, run: string): Promise<void> {
  try {
    await cp(source, target);
  } catch (error) {
    throw new HpcGatError(`the keys of run ${run} cannot be read: ${getErrorMessage(error)}`, {
      fix: `check with hpc-gat status ${run} whether the run still serves`,
      cause: error,
    });
  }
}
