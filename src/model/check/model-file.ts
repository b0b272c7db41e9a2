import { access, constants, stat } from 'node:fs/promises';
import path from 'node:path';
import { getErrorCode } from '../../support/errors.ts';
import { readTextIfPresent } from '../../support/files/file-access.ts';
import { type Backend, isTorchPython, getModelFileName, listServedVersions } from '../backends.ts';
import type { Reporter } from '../finding.ts';
import type { ModelDirectory } from '../repository.ts';
import { inspectTorchFile, type TorchFile } from '../torchscript.ts';

const scriptExport = 'torch.jit.save(torch.jit.script(model.eval()), "model.pt")';

const torchFaults: Readonly<Record<Exclude<TorchFile['kind'], 'torchscript'>, readonly [string, string]>> = {
  empty: ['the file is empty', 'copy it again'],
  'git-lfs-pointer': ['this file is a Git LFS pointer, not the model', 'run git lfs pull'],
  'cut-off': [
    'the file is truncated: the directory at its end is missing',
    'copy it again, and compare the sizes',
  ],
  'state-dict': [
    'this file is a state dict or a pickled model from torch.save, not TorchScript',
    `save it with ${scriptExport}`,
  ],
  exported: ['this file is from torch.export.save, not TorchScript', `save it with ${scriptExport}`],
  'old-pickle': ['this file is from an old torch.save, not TorchScript', `save it with ${scriptExport}`],
  other: ['this is not a TorchScript file', `save it with ${scriptExport}`],
};

/**
 * Checks that the files of the served versions exist and have the type that the backend requires.
 *
 * @returns the arguments of forward() of the last served version; undefined when they are unknown
 */
export async function checkModelFiles(
  model: ModelDirectory,
  backend: Backend,
  report: Reporter,
): Promise<readonly string[] | undefined> {
  let args: readonly string[] | undefined;
  for (const { directory } of listServedVersions(model)) {
    const name = getModelFileName(model, backend);
    const file = name === undefined ? undefined : path.join(directory, name);
    if (file === undefined || !(await isPresent(file, directory, model, backend, report))) {
      continue;
    }
    if (isTorchPython(model, backend)) {
      continue;
    }
    if (backend.name === 'pytorch') {
      const found = await inspectTorchFile(file);
      if (found.kind === 'torchscript') {
        args = found.arguments;
      } else {
        const [what, fix] = torchFaults[found.kind];
        report.error(file, what, fix);
      }
    } else if (backend.name === 'python') {
      await checkPythonModel(file, report);
    } else if ((await stat(file)).size === 0) {
      report.error(file, 'the file is empty', 'copy it again');
    }
  }
  return args;
}

async function isPresent(
  file: string,
  directory: string,
  { versions }: ModelDirectory,
  backend: Backend,
  report: Reporter,
): Promise<boolean> {
  const { files } = versions.find((version) => version.directory === directory) ?? {
    files: [] as readonly string[],
  };
  const name = path.basename(file);
  if (path.dirname(file) === directory && !files.includes(name)) {
    const others = files.length === 0 ? 'the directory is empty' : `it has ${files.join(', ')}`;
    const fix = `put the model there under that name, or name another with default_model_filename`;
    report.error(directory, `there is no ${name}: ${others}`, fix);
    return false;
  }
  try {
    const isDirectory = (await stat(file)).isDirectory();
    if (isDirectory && (backend.name === 'pytorch' || backend.name === 'python')) {
      report.error(file, 'this is a directory, not a file', 'put the model’s file itself there');
      return false;
    }
    await access(file, constants.R_OK);
    return true;
  } catch (error) {
    const code = getErrorCode(error) ?? '';
    const what = code === 'ENOENT' ? 'there is no such file' : `the file cannot be read: ${code}`;
    report.error(file, what, 'put the model there and make it readable, or correct default_model_filename');
    return false;
  }
}

async function checkPythonModel(file: string, report: Reporter): Promise<void> {
  const text = (await readTextIfPresent(file)) ?? '';
  if (!/\bTritonPythonModel\b/.test(text)) {
    report.error(
      file,
      'there is no class TritonPythonModel, which the python backend requires',
      'name the model class TritonPythonModel',
    );
  }
}
