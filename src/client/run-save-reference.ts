import path from 'node:path';
import type { Context } from '../support/context.ts';
import { ExitCode } from '../support/errors.ts';
import { saveReference, type Recording } from './save-reference.ts';
import type { TestVerbOptions } from './run-test.ts';
import { formatImage, readImageRecord } from './served-image.ts';
import { withServer } from './with-server.ts';
import { loadWorkload, type LoadedWorkload } from '../workload/load-workload.ts';

export interface RecordVerbOptions extends Omit<TestVerbOptions, 'result' | 'workloads'> {
  readonly workload: string;
  /** Path of the reference; empty for the path in the workload. */
  readonly record: string;
  readonly force: boolean;
}

/** Runs the verb `test --record`. */
export async function runSaveReference(options: RecordVerbOptions, context: Context): Promise<number> {
  const { readyTimeoutMs, json, force } = options;
  const { cwd, output } = context;
  const loaded = await loadWorkload(path.resolve(cwd, options.workload));
  const file = options.record === '' ? undefined : path.resolve(cwd, options.record);
  const image =
    options.imageRecord === undefined
      ? undefined
      : await readImageRecord(path.resolve(cwd, options.imageRecord));
  const print = (line: string) => {
    if (!json) {
      output.result(line);
    }
  };
  return withServer(options, context, async (server) => {
    const recording = await saveReference(server, loaded, context, {
      file,
      force,
      image,
      readyTimeoutMs,
      print,
    });
    if (json) {
      output.json(recording);
    }
    formatRecording(recording, loaded).forEach(print);
    return ExitCode.ok;
  });
}

function formatRecording({ file, cases, provenance }: Recording, loaded: LoadedWorkload): string[] {
  const { model, version, seed, image } = provenance;
  const { reference } = loaded.workload;
  const directory = path.dirname(loaded.file);
  const lines = [
    `recorded    ${cases.length} requests (seed ${seed}) of model ${model}, version ${version}: ${file}`,
    image === undefined
      ? '            the image of the server is unknown: name it with --image-record'
      : `            the server runs from ${formatImage(image)}`,
  ];
  const isRead = reference !== undefined && path.resolve(directory, reference.file) === file;
  const misses = reference?.cases?.filter((name) => !cases.includes(name)) ?? [];
  if (isRead && misses.length === 0) {
    return lines;
  }
  return [
    ...lines,
    `for \`hpc-gat test\` to compare with it, write into ${loaded.file}:`,
    'reference:',
    `  file: ${path.relative(directory, file)}`,
    '  tolerance: { absolute: 1.0e-5, relative: 1.0e-5 }',
  ];
}
