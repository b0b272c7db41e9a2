import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createServer, type Server, type Socket } from 'node:net';
import { InterruptedError, UsageError } from '../../src/support/errors.ts';
import { connect } from '../../src/triton/grpc-client.ts';
import type { InferenceServer, Tensor } from '../../src/triton/inference-server.ts';
import { answer, Fault, startFakeServer, type FakeServer } from './fake-server.ts';

let fake: FakeServer;
let abort: AbortController;
const open: InferenceServer[] = [];

beforeEach(async () => {
  fake = await startFakeServer();
  abort = new AbortController();
});

afterEach(() => {
  open.splice(0).forEach((server) => {
    server.close();
  });
  fake.kill();
});

function client(options: { url?: string; callTimeoutMs?: number; inferTimeoutMs?: number } = {}) {
  const server = connect({ url: fake.url, signal: abort.signal, log: '/log', ...options });
  open.push(server);
  return server;
}

const x: Tensor = {
  name: 'x',
  datatype: 'FP32',
  shape: [2, 2],
  bytes: new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer),
};
const edges: Tensor = {
  name: 'edges',
  datatype: 'INT64',
  shape: [2, 1],
  bytes: new Uint8Array(BigInt64Array.of(0n, -1n).buffer),
};
const request = { model: 'sums', version: '', inputs: [x, edges], outputs: ['y'] };

test('an inference carries shapes and bytes both ways', async () => {
  const { version, outputs } = await client().infer(request);
  expect(version).toBe('3');
  expect(outputs).toMatchObject([{ name: 'y', datatype: 'FP32', shape: [2, 1] }]);
  expect(Buffer.from(outputs[0]?.bytes ?? []).readFloatLE(4)).toBe(7);
  expect(fake.inferences[0]?.inputs[1]).toMatchObject({ name: 'edges', datatype: 'INT64', shape: [2, 1] });
  expect(fake.inferences[0]?.rawInputContents[1]?.readBigInt64LE(8)).toBe(-1n);
});

test('messages of 64 MB pass in both directions', async () => {
  const nodes = 8_000_000;
  const big = { ...x, shape: [nodes, 2], bytes: new Uint8Array(8 * nodes) };
  fake.handlers.ModelInfer = () => answer([2 * nodes, 1], new Float32Array(2 * nodes));
  const { outputs } = await client().infer({ ...request, inputs: [big, edges] });
  expect(outputs[0]?.bytes.length).toBe(8 * nodes);
});

test('configuration, metadata, index and statistics arrive with their defaults', async () => {
  const server = client();
  expect(await server.modelConfig('sums', '')).toMatchObject({
    maxBatchSize: 0,
    backend: '',
    dynamicBatching: null,
    input: [{ name: 'x', dataType: 'TYPE_FP32', dims: [-1, 2] }, {}],
    instanceGroup: [{ kind: 'KIND_GPU', count: 2, gpus: [0] }],
  });
  expect(await server.modelMetadata('sums', '')).toMatchObject({ outputs: [{ name: 'y', shape: [-1, 1] }] });
  expect(await server.repositoryIndex()).toEqual([
    { name: 'sums', version: '3', state: 'READY', reason: '' },
  ]);
  expect((await server.modelStatistics('sums', ''))[0]).toMatchObject({
    version: '2',
    success: { count: 1000 },
    fail: { count: 0, ns: 0 },
  });
  expect(await server.serverMetadata()).toMatchObject({ name: 'fake', version: '1' });
});

test('a closed port is refused at once, with the reason', async () => {
  const server = client({ url: '127.0.0.1:1' });
  await expect(server.isServerReady()).rejects.toMatchObject({
    failure: 'unreachable',
    detail: 'connect ECONNREFUSED 127.0.0.1:1',
    log: '/log',
    exitCode: 1,
  });
});

test('a server that does not speak gRPC is ended by the deadline', async () => {
  const accepted: Socket[] = [];
  const mute: Server = createServer((socket) => void accepted.push(socket));
  await new Promise<void>((done) => mute.listen(0, '127.0.0.1', done));
  const { port } = mute.address() as { port: number };
  try {
    await expect(
      client({ url: `127.0.0.1:${port}`, callTimeoutMs: 300 }).isServerReady(),
    ).rejects.toMatchObject({ failure: 'deadline' });
  } finally {
    open.splice(0).forEach((server) => {
      server.close();
    });
    accepted.forEach((socket) => socket.destroy());
    mute.close();
  }
});

test('an inference that takes too long ends at its own deadline', async () => {
  fake.handlers.ModelInfer = () => new Promise(() => undefined);
  await expect(client({ inferTimeoutMs: 200 }).infer(request)).rejects.toMatchObject({
    failure: 'deadline',
    detail: 'connected, but no answer in time',
  });
});

test('a server that dies during an inference is unreachable', async () => {
  fake.handlers.ModelInfer = () => {
    fake.kill();
    return new Promise(() => undefined);
  };
  await expect(client().infer(request)).rejects.toMatchObject({ failure: 'unreachable', exitCode: 1 });
});

test.each([
  [status.UNAVAILABLE, 'Stub process is not healthy', 'refused'],
  [status.INTERNAL, 'failed to execute an ERROR', 'refused'],
  [status.INVALID_ARGUMENT, '', 'refused'],
  [status.UNIMPLEMENTED, '', 'unsupported'],
])("Triton's error %i %j is reported as %s, on one line", async (code, details, failure) => {
  fake.handlers.ModelInfer = () => {
    throw new Fault(code, `${details}\n\nAt:\n  model.py`);
  };
  const wrong = client().infer(request);
  await expect(wrong).rejects.toMatchObject({ failure, detail: `${details} At: model.py`.trim() });
  await expect(wrong).rejects.toThrow(/^[^\n]+$/);
});

test('an abort cancels the current call and rejects the next', async () => {
  const reason = new InterruptedError('SIGINT');
  fake.handlers.ModelInfer = () => {
    abort.abort(reason);
    return new Promise(() => undefined);
  };
  const server = client();
  await expect(server.infer(request)).rejects.toBe(reason);
  await expect(server.isServerReady()).rejects.toBe(reason);
});

test.each([
  ['without bytes', { rawOutputContents: [] }, /output y has no raw bytes/],
  ['too short', { rawOutputContents: [new Uint8Array(3)] }, /output y of shape \[2, 1\] has 3 bytes/],
  ['of no known type', { outputs: [{ name: 'y', datatype: 'C64', shape: [2, 1] }] }, /elements of type C64/],
  [
    'of too few texts',
    { outputs: [{ name: 'y', datatype: 'BYTES', shape: [3] }] },
    /output y of shape \[3\] has 2 elements instead of 3/,
  ],
])('an answer %s is rejected', async (_what, change, message) => {
  fake.handlers.ModelInfer = () => ({ ...answer([2, 1], new Float32Array(2)), ...change });
  await expect(client().infer(request)).rejects.toThrow(message);
});

test.each([
  'localhost',
  'http://localhost:8001',
  ':8001',
  'a b:1',
  'localhost:0',
  'localhost:99999',
  'unix:/x',
])('the address %j is rejected', (url) => {
  expect(() => client({ url })).toThrow(UsageError);
});

test('an IPv6 address in brackets is accepted', () => {
  expect(client({ url: '[::1]:8001' }).url).toBe('[::1]:8001');
});
