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
  /** Absolute paths. */
  readonly file: string;
  /** A config.pbtxt; without it the one beside `file`, else that of the model that is already there. */
  readonly configFile: string | undefined;
  /** Put the file in place of the newest version, instead of into a new one. */
  readonly replace: boolean;
  /** Make and check it, and put nothing into the repository. */
  readonly dryRun: boolean;
}

export interface Added {
  /** The model's file in the repository. */
  readonly file: string;
  readonly version: number;
  /** What a person should look at, though it loads. */
  readonly warnings: readonly Finding[];
}

/**
 * Puts a model into a repository: made and checked in a directory of its own first, then renamed, so that a server that starts
 * meanwhile sees all of it or nothing. For a model that is there already the version is what is renamed, and another
 * configuration follows it; of one that is replaced, none is there for a moment.
 *
 * @throws {UsageError} when the model would not load; the repository is then as it was.
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
        // Nothing more: what was staged goes away.
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

/** Of the directories that were made, from the lowest to the highest: what was refused leaves none behind. */
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
    throw new UsageError(`${name} was not added, Triton would not load it:\n  ${lines.join('\n  ')}`, {
      fix: 'correct this and add the model again',
    });
  }
}

/** Puts a directory into the place of another, which may be missing; that one is back when it cannot be. */
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
