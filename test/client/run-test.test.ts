import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { main } from '../../src/main.ts';
import { InterruptedError } from '../../src/support/errors.ts';
import { testContext } from '../support/context.ts';
import {
  answer,
  Fault,
  startFakeServer,
  sums,
  type FakeServer,
  type InferCall,
} from '../triton/fake-server.ts';
import { npyFile, npzFile } from './numpy-files.ts';

let fake: FakeServer;
let folder: string;

const workload = `schemaVersion: 1
model: sums
reference:
  file: reference.npz
  tolerance: { absolute: 1.0e-3 }
  cases: [one, two]
random:
  requests: 4
  seed: 7
  sizes:
    nodes: { min: 3, max: 9 }
inputs:
  x:
    datatype: FP32
    shape: [nodes, 2]
    values: { distribution: normal, mean: 0, standardDeviation: 1 }
  edges:
    datatype: INT64
    shape: [2, 5]
    values: { distribution: uniform, min: 0, below: nodes }
outputs:
  y:
    datatype: FP32
    shape: [nodes, 1]
`;

const arrays = {
  'one.x': npyFile('<f4', [1, 2], Float32Array.of(1, 2)),
  'one.edges': npyFile('<i8', [2, 5], new BigInt64Array(10)),
  'one.y': npyFile('<f4', [1, 1], Float32Array.of(3)),
  'two.x': npyFile('<f4', [3, 2], Float32Array.of(1, 2, 3, 4, 5, 6)),
  'two.edges': npyFile('<i8', [2, 5], new BigInt64Array(10)),
  'two.y': npyFile('<f4', [3, 1], Float32Array.of(3, 7, 11.0005)),
};

beforeEach(async () => {
  fake = await startFakeServer();
  folder = mkdtempSync(path.join(tmpdir(), 'run-test-'));
  write('workload.yaml', workload);
  write('reference.npz', npzFile(arrays));
});

afterEach(() => {
  fake.kill();
});

function write(name: string, content: string | Uint8Array): void {
  writeFileSync(path.join(folder, name), content);
}

/** Runs `hpc-gat test` against the fake server. */
async function run(args: readonly string[] = [], context = testContext({ cwd: folder })) {
  const defaults = { '--ready-timeout': '2', '--infer-timeout': '2' };
  const flags = Object.entries(defaults).filter(([flag]) => !args.includes(flag));
  const argv = ['test', '--url', fake.url, '--workload', 'workload.yaml', ...flags.flat(), ...args];
  const exitCode = await main(argv, context);
  const lines = context.results.filter((line) => typeof line === 'string');
  return { exitCode, lines, last: lines.at(-1), context };
}

test('a right model passes, with its config, a line per request and the statistics', async () => {
  const { exitCode, lines } = await run(['--result', 'out/result.json']);
  expect(lines.map((line) => line.replaceAll(/\b\d+\.\d+/g, 'N').replaceAll(/ +/g, ' '))).toEqual([
    expect.stringMatching(/^server fake 1 at /),
    'model sums, version 3',
    'platform fake',
    'max batch 0: the server does not batch',
    'inputs x FP32 [-1, 2]',
    ' edges INT64 [2, -1]',
    'outputs y FP32 [-1, 1]',
    'instances 2 on GPU 0',
    'reference one: differs by 0 at most (tolerance N), N ms',
    'reference two: differs by Ne-4 at most (tolerance N), N ms',
    'request nodes MB ms requests/s',
    expect.stringMatching(/^ 1 \d N N N$/),
    expect.stringMatching(/^ 2 \d N N N$/),
    expect.stringMatching(/^ 3 \d N N N$/),
    expect.stringMatching(/^ 4 \d N N N$/),
    'counted model sums, version 3: 6 requests in 6 executions',
    ' mean per request: queue N ms, input N ms, infer N ms, output N ms',
    'measured 4 random requests, N MB: N MB/s, N requests/s',
    ' latency: median N ms, p95 N ms, max N ms',
    'PASS: infer',
  ]);
  expect(exitCode).toBe(0);
  expect(JSON.parse(readFileSync(path.join(folder, 'out', 'result.json'), 'utf8'))).toMatchObject({
    schemaVersion: 1,
    status: 'pass',
    exitCode: 0,
    reason: '',
    url: fake.url,
    model: 'sums',
    version: '3',
    modelConfigDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
    reference: [{ case: 'one', maxDifference: 0 }, { case: 'two' }],
    latency: { count: 4 },
    statistics: { success: 6, fail: 0, queueMs: 2 },
  });
});

test('two runs send the same bytes', async () => {
  await run();
  await run();
  const bytes = fake.inferences.map(({ rawInputContents }) =>
    Buffer.concat(rawInputContents).toString('hex'),
  );
  expect(bytes).toHaveLength(12);
  expect(bytes.slice(6)).toEqual(bytes.slice(0, 6));
  expect(new Set(bytes).size).toBe(6);
});

test('with --json stdout is one document, and nothing else', async () => {
  const { exitCode, context } = await run(['--json']);
  expect(exitCode).toBe(0);
  expect(context.results).toMatchObject([{ status: 'pass', requests: [{ index: 1 }, {}, {}, {}] }]);
});

const spoil = (change: (reply: ReturnType<typeof sums>, request: InferCall) => object) => {
  fake.handlers.ModelInfer = (request: InferCall) => change(sums(request), request);
};
const isRandom = ({ inputs }: InferCall) => fake.inferences.length > 2 && inputs.length > 0;

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
    /^FAIL: random request 1: y came as FP32 \[2, 1\], expected FP32 \[\d, 1\]$/,
  ],
  [
    'another type',
    () => {
      spoil(() => answer([1, 1], new Float32Array(1), 'INT32'));
    },
    /^FAIL: reference case one: y came as INT32 \[1, 1\], expected FP32 \[1, 1\]$/,
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
      const honest = fake.handlers.ModelStatistics;
      let asked = 0;
      fake.handlers.ModelStatistics = async (request) => {
        asked += 1;
        if (asked > 1) {
          fake.inferences.push({} as InferCall);
        }
        return (await honest?.(request)) ?? {};
      };
    },
    /^FAIL: the server counted 7 successful and 0 failed requests of model sums, version 3, but 6 were sent$/,
  ],
])('%s: exit 6', async (_what, prepare, last) => {
  prepare();
  const outcome = await run(['--result', 'result.json']);
  expect(outcome.last).toMatch(last);
  expect(outcome.exitCode).toBe(6);
  expect(JSON.parse(readFileSync(path.join(folder, 'result.json'), 'utf8'))).toMatchObject({
    status: 'fail',
    exitCode: 6,
    reason: outcome.last?.replace('FAIL: ', ''),
  });
});

const without = (key: string) => Object.fromEntries(Object.entries(arrays).filter(([name]) => name !== key));

test.each<[string, () => void, RegExp]>([
  [
    'a reference that is cut off',
    () => {
      write('reference.npz', npzFile(arrays).subarray(0, 300));
    },
    /^FAIL: unusable reference .*reference\.npz: /,
  ],
  [
    'no reference',
    () => {
      write('workload.yaml', workload.replace('reference.npz', 'none.npz'));
    },
    /none\.npz: there is no such file/,
  ],
  [
    'a reference without a tensor',
    () => {
      write('reference.npz', npzFile(without('two.edges')));
    },
    /array two\.edges is missing/,
  ],
  [
    'a reference without a case',
    () => {
      write('workload.yaml', workload.replace('[one, two]', '[one, three]'));
    },
    /array three\.x is missing/,
  ],
  [
    'a reference of another type',
    () => {
      write('reference.npz', npzFile({ ...arrays, 'one.x': npyFile('<f8', [1, 2], Float64Array.of(1, 2)) }));
    },
    /array one\.x has elements of type <f8, the workload says <f4/,
  ],
  [
    'a reference of another shape',
    () => {
      write('reference.npz', npzFile({ ...arrays, 'one.x': npyFile('<f4', [2], Float32Array.of(1, 2)) }));
    },
    /array one\.x has shape \[2\], the workload says \[nodes, 2\]/,
  ],
  [
    'a workload for another model',
    () => {
      write('workload.yaml', workload.replace('[nodes, 2]', '[nodes, 3]'));
      write(
        'reference.npz',
        npzFile({
          ...arrays,
          'one.x': npyFile('<f4', [1, 3], new Float32Array(3)),
          'two.x': npyFile('<f4', [1, 3], new Float32Array(3)),
        }),
      );
    },
    /does not fit model sums: input x: workload has FP32 \[nodes, 3\], model has FP32 \[-1, 2\]$/,
  ],
  [
    'a workload that does not parse',
    () => {
      write('workload.yaml', workload.replace('requests', 'request'));
    },
    /random\.request: unknown key; did you mean "requests"\?/,
  ],
])('%s: exit 2', async (_what, prepare, last) => {
  prepare();
  const outcome = await run();
  expect(outcome.last).toMatch(last);
  expect(outcome.exitCode).toBe(2);
});

test('an input that the workload lacks is named', async () => {
  const metadata = fake.handlers.ModelMetadata;
  fake.handlers.ModelMetadata = async (request) => {
    const known = (await metadata?.(request)) as { inputs: object[] };
    return { ...known, inputs: [...known.inputs, { name: 'weights', datatype: 'FP32', shape: [-1] }] };
  };
  const { exitCode, last } = await run();
  expect(last).toMatch(/input weights: workload has none, model takes FP32 \[-1\]$/);
  expect(exitCode).toBe(2);
});

test('a model that failed to load: exit 1 at once, with the reason and the log', async () => {
  fake.handlers.ModelReady = () => ({ ready: false });
  const reason = 'failed to read\nthe weights';
  fake.handlers.RepositoryIndex = () => ({
    models: [{ name: 'sums', version: '3', state: 'UNAVAILABLE', reason }],
  });
  const { exitCode, last, context } = await run(['--server-log', '/run/server.log']);
  expect(last).toMatch(/^FAIL: model sums is not served by .*: version 3: failed to read the weights$/);
  expect(context.messages.at(-1)).toBe('  log: /run/server.log');
  expect(exitCode).toBe(1);
});

test('a model that never gets ready: exit 5', async () => {
  fake.handlers.ModelReady = () => {
    throw new Fault(status.UNAVAILABLE, 'server is starting');
  };
  const { exitCode, last } = await run(['--ready-timeout', '0.5']);
  expect(last).toMatch(/was not ready within 0\.5 s; last state: server loading \(server is starting\)$/);
  expect(exitCode).toBe(5);
});

test('a server that dies in mid-test: exit 1, naming the request', async () => {
  fake.handlers.ModelInfer = (request: InferCall) => {
    if (fake.inferences.length === 4) {
      fake.kill();
    }
    return sums(request);
  };
  const { exitCode, last } = await run();
  expect(last).toMatch(/^FAIL: random request 2: .*: no answer to ModelInfer: /);
  expect(exitCode).toBe(1);
});

test('a server that hangs: exit 1 at the deadline', async () => {
  fake.handlers.ModelInfer = () => new Promise(() => undefined);
  const { exitCode, last } = await run(['--infer-timeout', '0.3']);
  expect(last).toMatch(/^FAIL: reference case one: .* connected, but no answer within 0\.3 s$/);
  expect(exitCode).toBe(1);
});

test('an interruption in mid-test: exit 130, and the result says so', async () => {
  const interruption = new AbortController();
  fake.handlers.ModelInfer = () => {
    interruption.abort(new InterruptedError('SIGINT'));
    return new Promise(() => undefined);
  };
  const context = testContext({ cwd: folder, signal: interruption.signal });
  const { exitCode, last } = await run(['--result', 'result.json'], context);
  expect(last).toBe('FAIL: interrupted by SIGINT');
  expect(exitCode).toBe(130);
  expect(JSON.parse(readFileSync(path.join(folder, 'result.json'), 'utf8'))).toMatchObject({ exitCode: 130 });
});

test('a workload without random requests, and one without a reference', async () => {
  write('workload.yaml', workload.replace(/^random:\n(?: .*\n)+/m, ''));
  expect(await run()).toMatchObject({ exitCode: 0, last: 'PASS: infer' });
  expect(fake.inferences).toHaveLength(2);
  write('workload.yaml', workload.replace(/^reference:\n(?: .*\n)+/m, ''));
  expect(await run()).toMatchObject({ exitCode: 0, last: 'PASS: infer' });
  expect(fake.inferences).toHaveLength(6);
});

test('several workloads are tested one after the other, up to the first that fails', async () => {
  const second = ['--workload', 'second.yaml'];
  write(
    'second.yaml',
    workload.replace(/^reference:\n(?: .*\n)+/m, '').replace('requests: 4', 'requests: 2'),
  );
  const { exitCode, lines } = await run([...second, '--result', 'result.json']);
  expect(exitCode).toBe(0);
  expect(lines.filter((line) => line.startsWith('counted'))).toEqual([
    expect.stringMatching(/: 6 requests/),
    expect.stringMatching(/: 2 requests/),
  ]);
  expect(lines.filter((line) => line.startsWith('PASS'))).toHaveLength(1);
  expect(JSON.parse(readFileSync(path.join(folder, 'result.json'), 'utf8'))).toMatchObject({
    status: 'pass',
    statistics: { success: 6 },
    others: [{ model: 'sums', statistics: { success: 2 } }],
  });
  write('second.yaml', workload.replace('model: sums', 'model: none'));
  expect(await run([...second, '--ready-timeout', '1'])).toMatchObject({
    exitCode: 1,
    last: expect.stringMatching(/^FAIL: model none is not served/),
  });
});

test('wait-ready answers for people and for programs', async () => {
  const context = testContext({ cwd: folder });
  const argv = ['wait-ready', '--url', fake.url, '--model', 'sums'];
  expect(await main(argv, context)).toBe(0);
  expect(await main([...argv, '--json'], context)).toBe(0);
  expect(context.results).toEqual([
    expect.stringMatching(/^model sums at .* is ready after \d+\.\d s$/),
    { ready: true, url: fake.url, models: ['sums'], waitedMs: expect.any(Number) },
  ]);
  expect(await main([...argv, '--model', 'again'], context)).toBe(1);
  expect(await main([...argv, '--timeout', 'soon'], context)).toBe(2);
});
