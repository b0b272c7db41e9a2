import { stat } from 'node:fs/promises';
import path from 'node:path';
import { UsageError } from '../support/errors.ts';
import { isMissing, readTextIfPresent } from '../support/files/file-access.ts';
import { type Backend, getModelFileName } from './backends.ts';
import type { ModelDirectory } from './repository.ts';

/** Endings of model files, and the backends that read them. */
const backendsByExtension: Readonly<Record<string, string>> = {
  '.pt': 'pytorch',
  '.pth': 'pytorch',
  '.onnx': 'onnxruntime',
  '.plan': 'tensorrt',
  '.py': 'python',
};

/** @throws {UsageError} for what is no file of a model. */
export async function checkModelFile(file: string): Promise<void> {
  const kind = await stat(file).catch((error: unknown) => {
    throw new UsageError(isMissing(error) ? `there is no ${file}` : `cannot read ${file}`, {
      fix: 'give the path of the model’s file',
      cause: error,
    });
  });
  if (!kind.isFile()) {
    throw new UsageError(`${file} is not a file`, { fix: 'give the model’s file itself' });
  }
  if (!Object.hasOwn(backendsByExtension, path.extname(file))) {
    throw new UsageError(`no backend is known for files like ${path.basename(file)}`, {
      fix: `give a file that ends in ${Object.keys(backendsByExtension).join(', ')}`,
    });
  }
}

/**
 * The text of a model's configuration: the given file, else the one beside the model's file, else the present one.
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
    fix: 'write a config.pbtxt and give it with --config',
  });
}

/** The name under which the backend looks for the model. */
export function getNameInVersion(model: ModelDirectory, backend: Backend | undefined, file: string): string {
  const ending = path.extname(file);
  const expected = backendsByExtension[ending];
  if (
    backend !== undefined &&
    backend.name !== expected &&
    Object.values(backendsByExtension).includes(backend.name)
  ) {
    throw new UsageError(
      `the configuration says backend ${backend.name}, which does not read ${path.basename(file)}`,
      {
        fix: `correct the configuration to backend: "${expected ?? ''}", or give another file`,
      },
    );
  }
  const name = backend === undefined ? undefined : getModelFileName(model, backend);
  return path.basename(name ?? `model${ending === '.pth' ? '.pt' : ending}`);
}
