import { copyFile, mkdir, rename, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { UsageError } from '../support/errors.ts';
import { isMissing, writeFileAtomically } from '../support/files/file-access.ts';
import { makeDirectory } from '../support/files/make-directory.ts';
import { checkModelFile, findConfig, getNameInVersion } from './add-source.ts';
import { findBackend } from './backends.ts';
import { checkModel } from './check-repository.ts';
import { type Finding, formatFinding } from './finding.ts';
import { type ModelDirectory, readModel } from './repository.ts';
import { withStaging } from './staging.ts';

export interface AddRequest {
  readonly repository: string;
  readonly name: string;
  /** Absolute path of the model's file. */
  readonly file: string;
  /** Path of a config.pbtxt; by default the one beside `file`, else that of the existing model. */
  readonly configFile: string | undefined;
  /** True to replace the newest version instead of adding one. */
  readonly replace: boolean;
  /** True to stage and check the model without changing the repository. */
  readonly dryRun: boolean;
}

export interface Added {
  /** Path of the model's file in the repository. */
  readonly file: string;
  readonly version: number;
  /** Findings that do not prevent the model from loading. */
  readonly warnings: readonly Finding[];
}

/**
 * Adds a model to a repository. The model is staged and checked in a separate directory and then renamed, so
 * that a server that starts meanwhile sees all of it or nothing. For an existing model, the version is
 * renamed and a changed configuration is written after it; while a version is replaced, it is missing for a
 * moment.
 *
 * @throws {UsageError} when the model would not load; the repository is then unchanged.
 */
export async function addModel(request: AddRequest): Promise<Added> {
  const { repository, name, file } = request;
  await checkModelFile(file);
  const target = path.join(repository, name);
  const present = await readIfPresent(target);
  const newest = present?.versions.at(-1)?.number;
  const version = newest === undefined ? 1 : request.replace ? newest : newest + 1;
  const config = await findConfig(request, present);

  const created = await makeDirectory(repository);
  try {
    return await withStaging(repository, async (staging) => {
      const staged = await stage(path.join(staging, name), version, file, config);
      const findings = await checkModel(staged.model, []);
      rejectErrors(name, findings, staging, repository);
      if (request.dryRun) {
        // The staged model is removed.
      } else if (present === undefined) {
        await rename(staged.model.directory, target);
      } else {
        const versionDirectory = path.join(target, String(version));
        await exchange(path.join(staged.model.directory, String(version)), versionDirectory, staging);
        await writeFileAtomically(present.configFile, config);
      }
      const warnings = findings.map((finding) => ({
        ...finding,
        file: finding.file.replace(staging, repository),
      }));
      return { file: path.join(target, String(version), staged.fileName), version, warnings };
    });
  } finally {
    if (created !== undefined) {
      await removeWhileEmpty(repository, created);
    }
  }
}

/**
 * Removes the created directories while they are empty, from the lowest to the highest, after a rejected
 * model.
 */
async function removeWhileEmpty(lowest: string, highest: string): Promise<void> {
  const removed = await rmdir(lowest).then(
    () => true,
    () => false,
  );
  if (removed && lowest !== highest) {
    await removeWhileEmpty(path.dirname(lowest), highest);
  }
}

async function readIfPresent(directory: string): Promise<ModelDirectory | undefined> {
  try {
    return await readModel(directory);
  } catch (error) {
    if (isMissing(error)) {
      return undefined;
    }
    throw error;
  }
}

async function stage(
  directory: string,
  version: number,
  file: string,
  config: string,
): Promise<{ model: ModelDirectory; fileName: string }> {
  await mkdir(path.join(directory, String(version)), { recursive: true });
  await writeFile(path.join(directory, 'config.pbtxt'), config);
  const backend = findBackend(await readModel(directory));
  const fileName = getNameInVersion(await readModel(directory), backend, file);
  await copyFile(file, path.join(directory, String(version), fileName));
  return { model: await readModel(directory), fileName };
}

function rejectErrors(name: string, findings: readonly Finding[], staging: string, repository: string): void {
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) {
    const lines = errors.flatMap((finding) =>
      formatFinding({ ...finding, file: finding.file.replace(staging, repository) }, repository),
    );
    throw new UsageError(
      `${name} was not added, because Triton would not load it:\n  ${lines.join('\n  ')}`,
      {
        fix: 'correct this and add the model again',
      },
    );
  }
}

/** Renames a directory into the place of another, which may be missing; restores the other one on failure. */
async function exchange(directory: string, target: string, staging: string): Promise<void> {
  const before = path.join(staging, 'before');
  const wasThere = await rename(target, before).then(
    () => true,
    (error: unknown) => {
      if (!isMissing(error)) {
        throw error;
      }
      return false;
    },
  );
  try {
    await rename(directory, target);
  } catch (error) {
    if (wasThere) {
      await rename(before, target);
    }
    throw error;
  }
}
