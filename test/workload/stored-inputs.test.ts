import { expect, test } from '@jest/globals';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generateRequests } from '../../src/workload/random-inputs.ts';
import { loadStoredInputs } from '../../src/workload/stored-inputs.ts';
import { loadWorkload } from '../../src/workload/load-workload.ts';
import { decodeByteElements } from '../../src/triton/byte-elements.ts';
import { decodeElements } from '../../src/triton/datatypes.ts';
import { npyFile } from '../client/numpy-files.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'arrays-'));
const file = path.join(directory, 'workload.yaml');
writeFileSync(
  path.join(directory, 'x.npy'),
  npyFile(
    '<f4',
    [5, 2],
    Float32Array.from({ length: 10 }, (_, i) => i),
  ),
);
writeFileSync(path.join(directory, 'words.json'), '["zero", "one", "two", "three", "four"]');

async function requests(inputs: string, sizes = '{}') {
  writeFileSync(
    file,
    `schemaVersion: 1\nmodel: m\nrandom: { requests: 3, sizes: ${sizes} }\ninputs:\n${inputs}\noutputs: {}\n`,
  );
  const loaded = await loadWorkload(file);
  return [...generateRequests(loaded.workload, await loadStoredInputs(loaded))];
}

const x = (shape: string, more = '') =>
  `  x: { datatype: FP32, shape: ${shape}, values: { file: x.npy${more} } }`;
const numbers = (bytes: Uint8Array | undefined) =>
  Array.from(decodeElements('FP32', bytes ?? new Uint8Array()));

test('a whole array is sent with each request, and determines the sizes of other inputs', async () => {
  const drawn = await requests(
    `${x('[rows, 2]')}\n  i: { datatype: INT32, shape: [rows], values: { distribution: uniform, min: 0, below: rows } }`,
  );
  for (const { sizes, inputs } of drawn) {
    expect(sizes).toEqual({ rows: 5 });
    expect(inputs[0]?.shape).toEqual([5, 2]);
    expect(numbers(inputs[0]?.bytes)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(inputs[1]?.shape).toEqual([5]);
  }
});

test('each request takes the next rows, wrapping at the end, in every file alike', async () => {
  const words = '  w: { datatype: BYTES, shape: [batch], values: { file: words.json, rows: true } }';
  const drawn = await requests(
    `${x('[batch, 2]', ', rows: true')}\n${words}`,
    '{ batch: { min: 2, max: 2 } }',
  );
  expect(drawn.map(({ inputs }) => numbers(inputs[0]?.bytes))).toEqual([
    [0, 1, 2, 3],
    [4, 5, 6, 7],
    [8, 9, 0, 1],
  ]);
  const texts = drawn.map(({ inputs }) =>
    decodeByteElements(inputs[1]?.bytes ?? new Uint8Array())?.map((word) => Buffer.from(word).toString()),
  );
  expect(texts).toEqual([
    ['zero', 'one'],
    ['two', 'three'],
    ['four', 'zero'],
  ]);
});

test.each([
  [x('[5, 3]'), '{}', /input x: .*x\.npy has shape \[5, 2\], but the workload declares \[5, 3\]$/],
  [x('[n, n]'), '{}', /has shape \[5, 2\], but the workload declares \[n, n\], n is 5$/],
  [
    x('[n, 2]'),
    '{ n: { min: 1, max: 4 } }',
    /n is 5 in the input files, but random\.sizes draws it from 1 to 4$/,
  ],
  [
    x('[n, 3]', ', rows: true'),
    '{ n: { min: 1, max: 4 } }',
    /has shape \[5, 2\], but the workload declares \[n, 3\]$/,
  ],
  [x('[n, 2]', ', array: x'), '{}', /array applies only to \.npz files/],
  [x('[n, 2]', ', row: true'), '{}', /unknown key; did you mean "rows"\?/],
  [x('[n, 2]').replace('x.npy', 'x.txt'), '{}', /ends with \.npy, \.npz or \.json/],
])('%s is rejected', async (inputs, sizes, message) => {
  await expect(requests(inputs, sizes)).rejects.toThrow(message);
});
