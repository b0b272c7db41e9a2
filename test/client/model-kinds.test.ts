import { expect, test } from '@jest/globals';
import { answer, sums, type InferCall } from '../triton/fake-server.ts';
import { sumsProject, workload } from './sums-project.ts';

const project = sumsProject();

/** Extends the configuration of the fake server's model. */
function configure(more: object): void {
  const { config } = project.fake.handlers.ModelConfig?.({} as never) as { config: object };
  project.fake.handlers.ModelConfig = () => ({ config: { ...config, ...more } });
}

const decoupled = { modelTransactionPolicy: { decoupled: true } };
const final = { triton_final_response: { boolParam: true } };
const withoutReference = workload.replace(/reference:\n(?: {2}.*\n)+/, '');

test('queries a decoupled model over a stream', async () => {
  configure(decoupled);
  project.fake.handlers.ModelInfer = () => {
    throw new Error('ModelInfer was called');
  };
  const { exitCode, lines } = await project.run();
  expect({ exitCode, last: lines.at(-1) }).toEqual({ exitCode: 0, last: 'PASS: infer' });
  expect(lines.join('\n')).toMatch(/^decoupled {3}requests go over a stream/m);
  expect(project.fake.inferences.map(({ parameters }) => Object.keys(parameters))).toContainEqual([
    'triton_enable_empty_final_response',
  ]);
});

test.each<[string, (request: InferCall) => object[], RegExp, number]>([
  [
    'checks every response, and takes the final one without outputs for the end',
    (request) => [
      { inferResponse: sums(request) },
      { inferResponse: sums(request) },
      { inferResponse: { outputs: [], parameters: final } },
    ],
    /^PASS/,
    0,
  ],
  [
    'finds a wrong response after a right one',
    (request) => [
      { inferResponse: sums(request) },
      { inferResponse: { ...answer([1, 1], Float32Array.of(NaN)), parameters: final } },
    ],
    /^FAIL: random request 1: y is FP32 \[1, 1\]/,
    6,
  ],
  [
    'fails without a response',
    () => [{ inferResponse: { outputs: [], parameters: final } }],
    /^FAIL: random request 1: the decoupled model ended without a response/,
    6,
  ],
  [
    'reports the error of the model',
    () => [{ errorMessage: 'my own\nreason' }],
    /^FAIL: random request 1: .* refused ModelStreamInfer: my own reason/,
    1,
  ],
  [
    'reports a stream that ends early',
    (request) => [{ inferResponse: sums(request) }],
    /the stream ended before the final response/,
    1,
  ],
])('with a decoupled model, the test %s', async (_, replies, last, exitCode) => {
  configure(decoupled);
  project.write('workload.yaml', withoutReference);
  project.fake.handlers.ModelStreamInfer = replies;
  expect(await project.run()).toMatchObject({ last: expect.stringMatching(last), exitCode });
});

test('reports that a reference holds one response', async () => {
  configure(decoupled);
  project.fake.handlers.ModelStreamInfer = (request: InferCall) => [
    { inferResponse: sums(request) },
    { inferResponse: { ...sums(request), parameters: final } },
  ];
  const { exitCode, last } = await project.run();
  expect(exitCode).toBe(2);
  expect(last).toMatch(
    /reference case one: the decoupled model sent 2 responses, but a reference contains one/,
  );
});

test.each([
  ['numbers', [], /^\d+$/],
  ['texts', [{ kind: 'CONTROL_SEQUENCE_CORRID', dataType: 'TYPE_STRING' }], /^hpc-gat-\d+$/],
])('sends each request to a model with sequences as its own sequence, with %s', async (_, control, id) => {
  configure({ sequenceBatching: { controlInput: [{ name: 'id', control }] } });
  expect(await project.run()).toMatchObject({ exitCode: 0 });
  const sent = project.fake.inferences.map(({ parameters }) => parameters);
  const ids = sent.map(({ sequence_id: each }) => String(each?.stringParam ?? each?.int64Param));
  expect(new Set(ids).size).toBe(6);
  expect(ids.every((each) => id.test(each))).toBe(true);
  expect(sent[0]).toMatchObject({ sequence_start: { boolParam: true }, sequence_end: { boolParam: true } });
});

test('distinguishes requests answered by the response cache from those computed by the model', async () => {
  const before = project.fake.handlers.ModelStatistics;
  project.fake.handlers.ModelStatistics = () => {
    const { modelStats } = before?.({} as never) as { modelStats: { inferenceStats: object }[] };
    const cacheHit = { count: project.fake.inferences.length, ns: 1 };
    return {
      modelStats: modelStats.map((each) => ({
        ...each,
        inferenceStats: { ...each.inferenceStats, cacheHit },
      })),
    };
  };
  const { lines } = await project.run();
  expect(lines.join('\n')).toMatch(/answered from the response cache, without the model: 6/);
});

test('sends tensors without elements', async () => {
  project.write(
    'workload.yaml',
    withoutReference.replace('min: 3, max: 9', 'min: 0, max: 0').replace('[2, 5]', '[2, nodes]'),
  );
  const { exitCode, last } = await project.run();
  expect({ exitCode, last }).toEqual({ exitCode: 0, last: 'PASS: infer' });
  expect(project.fake.inferences[0]?.inputs.map(({ shape }) => shape)).toEqual([
    [0, 2],
    [2, 0],
  ]);
});
