import path from 'node:path';
import * as z from 'zod';
import type { Output } from '../../support/output.ts';
import { readListedText } from '../../support/files/shared-files.ts';
import type { RunDirectory } from './run-directory.ts';

const tested = z.object({
  model: z.string(),
  modelConfig: z.object({
    instanceGroup: z.array(z.object({ count: z.number(), kind: z.string() })),
  }),
});

const resultSchema = tested.extend({ others: z.array(tested).optional() });

/**
 * Warns of tested models whose instances all ran on the CPU although the server and its container see a GPU. A result
 * without instances causes no warning.
 */
export async function warnOfCpuModels(record: RunDirectory, output: Output): Promise<void> {
  for (const { model, modelConfig } of await readTested(path.join(record.directory, 'result.json'))) {
    const groups = modelConfig.instanceGroup;
    if (groups.length > 0 && groups.every(({ kind }) => kind === 'KIND_CPU')) {
      const count = groups.reduce((sum, group) => sum + group.count, 0);
      output.warn(`--gpu: model ${model} does not use the GPU: instances ${count} on CPU`);
      output.info(
        '  fix: write instance_group [ { kind: KIND_GPU } ] into its config.pbtxt, or leave out --gpu',
      );
    }
  }
}

async function readTested(file: string): Promise<z.infer<typeof tested>[]> {
  try {
    const { others = [], ...first } = resultSchema.parse(JSON.parse((await readListedText(file)) ?? ''));
    return [first, ...others];
  } catch {
    // The outcome of the run is reported in any case.
    return [];
  }
}
