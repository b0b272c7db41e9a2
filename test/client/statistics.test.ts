import { expect, test } from '@jest/globals';
import { summarizeLatency } from '../../src/client/latency.ts';
import { readStatistics } from '../../src/client/statistics.ts';
import { WrongAnswerError } from '../../src/support/errors.ts';
import type { InferenceServer, ModelStatistics } from '../../src/triton/inference-server.ts';

function counted(success: number, fail = 0, version = '1'): ModelStatistics {
  const each = (ns: number) => ({ count: success, ns: success * ns });
  return {
    name: 'gat',
    version,
    inferenceCount: success,
    executionCount: success,
    success: each(9_000_000),
    fail: { count: fail, ns: 0 },
    queue: each(1_000_000),
    computeInput: each(2_000_000),
    computeInfer: each(5_500_000),
    computeOutput: each(500_000),
    cacheHit: { count: 0, ns: 0 },
    batches: [
      { size: 1, executions: success - 1 },
      { size: 4, executions: 1 },
    ],
  };
}

function read(sent: number, before: ModelStatistics[], answers: ModelStatistics[][]) {
  let ms = 0;
  const server = {
    modelStatistics: () => Promise.resolve((answers.length > 1 ? answers.shift() : answers[0]) ?? []),
  } as Partial<InferenceServer> as InferenceServer;
  return readStatistics(server, {
    model: 'gat',
    version: '1',
    before,
    sent,
    signal: new AbortController().signal,
    clock: {
      now: () => new Date(ms),
      sleep: (duration) => {
        ms += duration;
        return Promise.resolve();
      },
    },
  });
}

test('earlier requests and other versions are not counted', async () => {
  expect(await read(3, [counted(10, 2)], [[counted(99, 0, '2'), counted(13, 2)]])).toEqual({
    version: '1',
    success: 3,
    cached: 0,
    fail: 0,
    executions: 3,
    batches: [{ size: 1, executions: 3 }],
    queueMs: 1,
    computeInputMs: 2,
    computeInferMs: 5.5,
    computeOutputMs: 0.5,
  });
});

test('a version that was loaded later starts at zero', async () => {
  expect(await read(3, [], [[counted(3)]])).toMatchObject({ success: 3, queueMs: 1 });
});

test('a count that is published a moment late is waited for', async () => {
  expect(await read(3, [], [[counted(1)], [counted(2)], [counted(3)]])).toMatchObject({ success: 3 });
});

test.each([
  ['too few', [counted(2)], /counted 2 successful and 0 failed .* but 3 were sent/],
  ['too many', [counted(4)], /counted 4 successful/],
  ['failed ones', [counted(3, 1)], /counted 3 successful and 1 failed/],
  ['none for this version', [counted(3, 0, '2')], /no statistics for model gat, version 1/],
])('reports a wrong answer when the count has %s', async (_what, answer, message) => {
  const reading = read(3, [], [answer]);
  await expect(reading).rejects.toBeInstanceOf(WrongAnswerError);
  await expect(reading).rejects.toThrow(message);
});

test('percentiles are measured latencies', () => {
  const requests = Array.from({ length: 20 }, (_, index) => ({
    index: index + 1,
    sizes: {},
    sentBytes: 1_000_000,
    latencyMs: 100 * (20 - index),
  }));
  expect(summarizeLatency(requests, 1)).toEqual({
    count: 20,
    medianMs: 1000,
    p95Ms: 1900,
    maxMs: 2000,
    sentMB: 20,
    rateMBps: 20 / 21,
    requestsPerSecond: 20 / 21,
  });
  expect(summarizeLatency(requests, 4)?.requestsPerSecond).toBeCloseTo(80 / 21);
  expect(summarizeLatency([], 1)).toBeUndefined();
});
