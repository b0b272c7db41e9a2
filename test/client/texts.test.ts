import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { main } from '../../src/main.ts';
import { encodeByteElements } from '../../src/triton/byte-elements.ts';
import { testContext } from '../support/context.ts';
import { startFakeServer, type FakeServer, type InferCall } from '../triton/fake-server.ts';

let fake: FakeServer;
const directory = mkdtempSync(path.join(tmpdir(), 'texts-'));

const workload = `schemaVersion: 1
model: sums
reference: { file: reference.npz, tolerance: {} }
random: { requests: 3, seed: 1, sizes: { n: { min: 1, max: 4 } } }
inputs:
  word: { datatype: BYTES, shape: [n], values: { distribution: choice, of: [yes, "", "zwölf"] } }
outputs:
  same: { datatype: BYTES, shape: [n] }
`;

beforeAll(async () => {
  fake = await startFakeServer();
  const tensor = (name: string) => ({ name, datatype: 'BYTES', shape: [-1] });
  fake.handlers.ModelMetadata = () => ({
    name: 'sums',
    versions: ['3'],
    inputs: [tensor('word')],
    outputs: [tensor('same')],
  });
  fake.handlers.ModelInfer = ({ inputs, rawInputContents }: InferCall) => ({
    modelName: 'sums',
    modelVersion: '3',
    outputs: [{ ...inputs[0], name: 'same' }],
    rawOutputContents: rawInputContents,
  });
  writeFileSync(path.join(directory, 'workload.yaml'), workload);
});

afterAll(() => {
  fake.kill();
});

async function run(...args: string[]) {
  const context = testContext({ cwd: directory });
  const exitCode = await main(['test', '--url', fake.url, '--workload', 'workload.yaml', ...args], context);
  return { exitCode, last: context.results.at(-1) };
}

/** These tests use a fake server, because no backend of the lab's image supports strings. */
test('strings are sent, recorded and compared', async () => {
  expect(await run('--record')).toMatchObject({ exitCode: 0 });
  expect(await run()).toEqual({ exitCode: 0, last: 'PASS: infer' });
  fake.handlers.ModelInfer = ({ inputs }: InferCall) => ({
    modelName: 'sums',
    modelVersion: '3',
    outputs: [{ ...inputs[0], name: 'same' }],
    rawOutputContents: [
      encodeByteElements(Array.from({ length: inputs[0]?.shape[0] ?? 0 }, () => Buffer.from('no'))),
    ],
  });
  expect(await run()).toMatchObject({
    exitCode: 6,
    last: expect.stringMatching(/case request-1: same differs by up to 1.* expected ".*", got "no"$/),
  });
});
