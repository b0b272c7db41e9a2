import { expect, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { warnOfCpuModels } from '../../../src/run/record/cpu-models.ts';
import { testContext } from '../../support/context.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { sampleRecord } from './sample-record.ts';

const result = (model: string, kind: string) => ({
  model,
  modelConfig: { instanceGroup: [{ count: 2, kind, gpus: [] }], other: 1 },
});

test.each<[string, string, string[]]>([
  ['on the CPU', JSON.stringify(result('m', 'KIND_CPU')), ['m does not use the GPU: instances 2 on CPU']],
  ['on the GPU', JSON.stringify(result('m', 'KIND_GPU')), []],
  ['wherever it decides itself', JSON.stringify(result('m', 'KIND_MODEL')), []],
  [
    'one of two on the CPU',
    JSON.stringify({ ...result('m', 'KIND_GPU'), others: [result('n', 'KIND_CPU')] }),
    ['n does not use the GPU: instances 2 on CPU'],
  ],
  ['in a result that is cut short', '{"model":', []],
])('with --gpu, detects models %s', async (_, text, warnings) => {
  const record = await sampleRecord(temporaryDirectory(), 'a', '1');
  await writeFile(path.join(record.directory, 'result.json'), text);
  const { output, messages } = testContext();
  await warnOfCpuModels(record, output);
  expect(messages.filter((line) => line.includes('--gpu: model'))).toEqual(
    warnings.map((warning) => `warning: --gpu: model ${warning}`),
  );
});
