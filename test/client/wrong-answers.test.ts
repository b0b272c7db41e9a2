import { expect, test } from '@jest/globals';
import { answer, sums, type InferCall } from '../triton/fake-server.ts';
import { sumsProject } from './sums-project.ts';

const project = sumsProject();

const spoil = (change: (reply: ReturnType<typeof sums>, request: InferCall) => object) => {
  project.fake.handlers.ModelInfer = (request: InferCall) => change(sums(request), request);
};
const isRandom = ({ inputs }: InferCall) => project.fake.inferences.length > 2 && inputs.length > 0;

test.each<[string, () => void, RegExp]>([
  [
    'wrong numbers',
    () => {
      spoil(({ outputs }) => answer(outputs[0]?.shape ?? [], new Float32Array(outputs[0]?.shape[0] ?? 0)));
    },
    /^FAIL: reference case one: y differs by up to 3\.00 \(tolerance 0\.001\), at \[0, 0\]: expected 3, got 0$/,
  ],
  [
    'one wrong number',
    () => {
      spoil((reply) => {
        const values = new Float32Array((reply.rawOutputContents[0] ?? new Uint8Array()).slice().buffer);
        return values.length < 3 ? reply : answer([3, 1], values.with(1, 7.5));
      });
    },
    /^FAIL: reference case two: y differs by up to 0\.500 .* at \[1, 0\]: expected 7, got 7\.5$/,
  ],
  [
    'not a number in the reference',
    () => {
      spoil(() => answer([1, 1], Float32Array.of(NaN)));
    },
    /^FAIL: reference case one: y is not finite at \[0, 0\]: got NaN$/,
  ],
  [
    'infinity in a random request',
    () => {
      spoil((reply, request) => {
        const nodes = request.inputs[0]?.shape[0] ?? 0;
        return isRandom(request) ? answer([nodes, 1], new Float32Array(nodes).fill(-Infinity, 2)) : reply;
      });
    },
    /^FAIL: random request 1: y is not finite at \[2, 0\]: got -Infinity$/,
  ],
  [
    'another shape',
    () => {
      spoil((reply, request) => (isRandom(request) ? answer([2, 1], new Float32Array(2)) : reply));
    },
    /^FAIL: random request 1: y is FP32 \[2, 1\], expected FP32 \[\d, 1\]$/,
  ],
  [
    'another type',
    () => {
      spoil(() => answer([1, 1], new Float32Array(1), 'INT32'));
    },
    /^FAIL: reference case one: y is INT32 \[1, 1\], expected FP32 \[1, 1\]$/,
  ],
  [
    'another output',
    () => {
      spoil((reply) => ({ ...reply, outputs: [{ name: 'z', datatype: 'FP32', shape: [1, 1] }] }));
    },
    /^FAIL: reference case one: no output y in the answer, only z$/,
  ],
  [
    'answers of two versions',
    () => {
      spoil((reply, request) => (isRandom(request) ? { ...reply, modelVersion: '4' } : reply));
    },
    /^FAIL: the answers came from different versions of the model: 3, 4$/,
  ],
  [
    'statistics that do not add up',
    () => {
      const honest = project.fake.handlers.ModelStatistics;
      let asked = 0;
      project.fake.handlers.ModelStatistics = async (request) => {
        asked += 1;
        if (asked > 1) {
          project.fake.inferences.push({} as InferCall);
        }
        return (await honest?.(request)) ?? {};
      };
    },
    /^FAIL: the server counted 7 successful and 0 failed requests of model sums, version 3, but 6 were sent$/,
  ],
])('exits with 6 for %s', async (_what, prepare, last) => {
  prepare();
  const outcome = await project.run(['--result', 'result.json']);
  expect(outcome.last).toMatch(last);
  expect(outcome.exitCode).toBe(6);
  expect(project.json('result.json')).toMatchObject({
    status: 'fail',
    exitCode: 6,
    reason: outcome.last?.replace('FAIL: ', ''),
  });
});

test('an answer much larger than the workload allows is rejected before it is received', async () => {
  spoil(() => answer([5_000_000], new Float32Array(5_000_000)));
  const { exitCode, last, context } = await project.run();
  expect(exitCode).toBe(6);
  expect(last).toMatch(
    /reference case one: .* the answer to ModelInfer has 20000\d\d\d bytes; the limit is 16777216/,
  );
  expect(context.messages.join('\n')).toMatch(/fix: check that the workload is for this model/);
});
