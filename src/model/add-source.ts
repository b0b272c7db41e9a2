import { stat } from 'node:fs/promises';
import path from 'node:path';
import { UsageError } from '../support/errors.ts';
import { isMissing, readTextIfPresent } from '../support/files/file-access.ts';
import { type Backend, getModelFileName } from './backends.ts';
import type { ModelDirectory } from './repository.ts';

/** Backends by the extensions of model files that they read. */
const backendsByExtension: Readonly<Record<string, string>> = {
  '.pt': 'pytorch',
  '.pth': 'pytorch',
  '.onnx': 'onnxruntime',
  '.plan': 'tensorrt',
  '.py': 'python',
};

/**
 * Checks that a path leads to a model file.
 *
 * @throws {UsageError} for any other path.
 */
export async function checkModelFile(file: string): Promise<void> {
  const kind = await stat(file).catch((error: unknown) => {
    throw new UsageError(isMissing(error) ? `there is no ${file}` : `cannot read ${file}`, {
      fix: 'use the path of the model’s file',
      cause: error,
    });
  });
  if (!kind.isFile()) {
    throw new UsageError(`${file} is not a file`, { fix: 'use the path of the model’s file' });
  }
  if (!Object.hasOwn(backendsByExtension, path.extname(file))) {
    throw new UsageError(`no known backend reads files such as ${path.basename(file)}`, {
      fix: `use a file that ends in ${Object.keys(backendsByExtension).join(', ')}`,
    });
  }
}

/**
 * Finds the text of a model's configuration: the given file, else the one beside the model's file, else the
 * existing one.
 *
 * @throws {UsageError} when there is none.
 */
export async function findConfig(
  { name, file, configFile }: { name: string; file: string; configFile: string | undefined },
  present: ModelDirectory | undefined,
): Promise<string> {
  const beside = path.join(path.dirname(file), 'config.pbtxt');
  const candidates =
    configFile === undefined
      ? [beside, ...(present === undefined ? [] : [present.configFile])]
      : [configFile];
  for (const candidate of candidates) {
    const text = await readTextIfPresent(candidate);
    if (text !== undefined) {
      return text;
    }
  }
  throw new UsageError(`no configuration for ${name}: there is no ${candidates.join(', no ')}`, {
    fix: 'write a config.pbtxt and pass it with --config',
  });
}

/** Returns the file name under which the backend searches for the model. */
export function getNameInVersion(model: ModelDirectory, backend: Backend | undefined, file: string): string {
  const extension = path.extname(file);
  const expected = backendsByExtension[extension];
  if (
    backend !== undefined &&
    backend.name !== expected &&
    Object.values(backendsByExtension).includes(backend.name)
  ) {
    throw new UsageError(
      `the configuration names backend ${backend.name}, which does not read ${path.basename(file)}`,
      {
        fix: `correct the configuration to backend: "${expected ?? ''}", or use another file`,
      },
    );
  }
  const name = backend === undefined ? undefined : getModelFileName(model, backend);
  return path.basename(name ?? `model${extension === '.pth' ? '.pt' : extension}`);
}
