import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { unzipSync } from 'fflate';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { main } from '../../src/main.ts';
import { testContext } from '../support/context.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { answer, startFakeServer, sums, type FakeServer, type InferCall } from '../triton/fake-server.ts';

let fake: FakeServer;
let directory: string;

const workload = `schemaVersion: 1
model: sums
reference: { file: known.npz, tolerance: { absolute: 1.0e-6 } }
random: { requests: 5, seed: 7, sizes: { nodes: { min: 3, max: 9 } } }
inputs:
  x: { datatype: FP32, shape: [nodes, 2], values: { distribution: normal, mean: 0, standardDeviation: 1 } }
  edges: { datatype: INT64, shape: [2, 5], values: { distribution: uniform, min: 0, below: nodes } }
outputs:
  y: { datatype: FP32, shape: [nodes, 1] }
`;

beforeEach(async () => {
  fake = await startFakeServer();
  directory = temporaryDirectory();
  write(workload);
});

afterEach(() => {
  fake.kill();
});

function write(text: string): void {
  writeFileSync(path.join(directory, 'workload.yaml'), text);
}

async function run(...args: string[]) {
  const context = testContext({ cwd: directory });
  const exitCode = await main(['test', '--url', fake.url, '--workload', 'workload.yaml', ...args], context);
  return { exitCode, results: context.results, messages: context.messages };
}

test('the answers of a server become the reference that later tests compare with', async () => {
  const { exitCode, results } = await run('--record');
  expect(exitCode).toBe(0);
  expect(results.at(-2)).toBe(
    `recorded    3 requests (seed 7) of model sums, version 3: ${path.join(directory, 'known.npz')}`,
  );
  const members = unzipSync(readFileSync(path.join(directory, 'known.npz')));
  expect(Object.keys(members)).toHaveLength(3 * 3 + 1);
  const provenance = Buffer.from(members['provenance.json'] ?? []).toString();
  expect(JSON.parse(provenance)).toEqual({
    schemaVersion: 1,
    recordedAt: expect.stringMatching(/^\d{4}-/),
    model: 'sums',
    version: '3',
    server: { name: 'fake', version: '1' },
    modelConfigDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
    seed: 7,
  });

  expect((await run()).results).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^reference {3}request-3: differs by 0 at most/),
      'PASS: infer',
    ]),
  );
  fake.handlers.ModelInfer = (request: InferCall) => {
    const nodes = request.inputs[0]?.shape[0] ?? 0;
    return answer([nodes, 1], new Float32Array(nodes));
  };
  expect(await run()).toMatchObject({ exitCode: 6 });
});

const ofSif = (sha256: string, imageId: string) => ({
  source: 'docker-daemon:triton:24.10',
  sha256: sha256.repeat(64),
  identity: { kind: 'docker-daemon', imageId: `sha256:${imageId}` },
});

test('a reference names its image, and a later test reports what has changed since', async () => {
  writeFileSync(path.join(directory, 'one.sif.json'), JSON.stringify(ofSif('a', '0123456789abcdef')));
  const recorded = await run('--record', '--image-record', 'one.sif.json');
  expect(recorded).toMatchObject({ exitCode: 0 });
  expect(recorded.results.at(-1)).toBe(
    '            the server runs from docker-daemon:triton:24.10 (0123456789ab)',
  );
  const same = await run('--image-record', 'one.sif.json');
  expect(same.results).toContainEqual(
    expect.stringMatching(
      /^recorded {4}\d{4}-.*Z, with fake 1 from docker-daemon:triton:24\.10 \(0123456789ab\)$/,
    ),
  );
  expect(same.results.filter((line) => String(line).startsWith('changed'))).toEqual([]);

  // This SIF was converted again from the same image: its bytes differ, but nothing has changed.
  writeFileSync(path.join(directory, 'again.sif.json'), JSON.stringify(ofSif('b', '0123456789abcdef')));
  const again = await run('--image-record', 'again.sif.json', '--json');
  expect(again).toMatchObject({
    exitCode: 0,
    results: [{ image: { sifSha256: 'b'.repeat(64) }, recorded: { changes: [] } }],
  });

  const inspected = [{ Id: 'sha256:fedcba9876543210', RepoTags: ['triton:24.11'] }];
  writeFileSync(path.join(directory, 'inspected.json'), JSON.stringify(inspected));
  fake.handlers.ServerMetadata = () => ({ name: 'fake', version: '2' });
  const changed = await run('--image-record', 'inspected.json');
  expect(changed.exitCode).toBe(0);
  const at = changed.results.findIndex((line) => String(line).startsWith('changed'));
  expect(changed.results.slice(at, at + 2)).toEqual([
    'changed     server: fake 1 then, fake 2 now',
    '            image: docker-daemon:triton:24.10 (0123456789ab) then, docker-daemon:triton:24.11 (fedcba987654) now',
  ]);
  expect((await run('--image-record', 'inspected.json', '--json')).results).toMatchObject([
    {
      status: 'pass',
      recorded: {
        image: { id: 'sha256:0123456789abcdef', sifSha256: 'a'.repeat(64) },
        changes: [{ what: 'server', recorded: 'fake 1', now: 'fake 2' }, { what: 'image' }],
      },
    },
  ]);
});

test('an invalid image manifest is a usage error', async () => {
  writeFileSync(path.join(directory, 'other.json'), '{}');
  for (const file of ['other.json', 'workload.yaml', 'none.json']) {
    const { exitCode, messages } = await run('--image-record', file);
    expect([exitCode, messages.join('\n')]).toEqual([2, expect.stringContaining('docker image inspect')]);
  }
});

test('an existing reference is replaced only with --force', async () => {
  const file = path.join(directory, 'known.npz');
  writeFileSync(file, 'precious');
  expect(await run('--record')).toMatchObject({ exitCode: 2 });
  expect(readFileSync(file, 'utf8')).toBe('precious');
  expect(fake.inferences).toEqual([]);
  expect(await run('--record', '--force')).toMatchObject({ exitCode: 0 });
  expect(readFileSync(file, 'utf8')).not.toBe('precious');
  expect(await run('--force')).toMatchObject({ exitCode: 2 });
});

test('with another output file, the needed workload entry is printed', async () => {
  const { exitCode, results } = await run('--record', 'other.npz');
  expect(exitCode).toBe(0);
  expect(results.slice(-4)).toEqual([
    `for \`hpc-gat test\` to compare with it, write into ${path.join(directory, 'workload.yaml')}:`,
    'reference:',
    '  file: other.npz',
    '  tolerance: { absolute: 1.0e-5, relative: 1.0e-5 }',
  ]);
});

test('a wrong answer is not recorded, and no partial file remains', async () => {
  fake.handlers.ModelInfer = (request: InferCall) =>
    fake.inferences.length < 3 ? sums(request) : answer([2, 1], Float32Array.of(1, NaN));
  expect(await run('--record')).toMatchObject({ exitCode: 6 });
  expect(readdirSync(directory)).toEqual(['workload.yaml']);
});

test('a workload without requests has nothing to record', async () => {
  write(workload.replace(/^random.*\n/m, ''));
  const { exitCode, messages } = await run('--record');
  expect(exitCode).toBe(2);
  expect(messages.join('\n')).toMatch(/has no random requests whose answers could be recorded/);
});
