import { afterEach, beforeEach } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { main } from '../../src/main.ts';
import { testContext } from '../support/context.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { startFakeServer, type FakeServer } from '../triton/fake-server.ts';
import { npyFile, npzFile } from './numpy-files.ts';

/** A workload of the model that {@link startFakeServer} serves. */
export const workload = `schemaVersion: 1
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

/** Reference of that workload. */
export const arrays = {
  'one.x': npyFile('<f4', [1, 2], Float32Array.of(1, 2)),
  'one.edges': npyFile('<i8', [2, 5], new BigInt64Array(10)),
  'one.y': npyFile('<f4', [1, 1], Float32Array.of(3)),
  'two.x': npyFile('<f4', [3, 2], Float32Array.of(1, 2, 3, 4, 5, 6)),
  'two.edges': npyFile('<i8', [2, 5], new BigInt64Array(10)),
  'two.y': npyFile('<f4', [3, 1], Float32Array.of(3, 7, 11.0005)),
};

/** Creates a directory with a workload, its reference and a fake server before each test of the calling file. */
export function sumsProject() {
  let fake: FakeServer;
  let directory: string;
  const fileIn = (name: string) => path.join(directory, name);
  const write = (name: string, content: string | Uint8Array) => {
    writeFileSync(fileIn(name), content);
  };

  beforeEach(async () => {
    fake = await startFakeServer();
    directory = temporaryDirectory();
    write('workload.yaml', workload);
    write('reference.npz', npzFile(arrays));
  });
  afterEach(() => {
    fake.kill();
  });

  return {
    /** Server of the current test. */
    get fake(): FakeServer {
      return fake;
    },
    get directory(): string {
      return directory;
    },
    write,
    /** Reads a JSON file of the directory. */
    json: (name: string): unknown => JSON.parse(readFileSync(fileIn(name), 'utf8')),
    /** Runs `hpc-gat test` against the fake server. */
    async run(args: readonly string[] = [], context = testContext({ cwd: directory })) {
      const defaults = { '--ready-timeout': '2', '--infer-timeout': '2' };
      const flags = Object.entries(defaults).filter(([flag]) => !args.includes(flag));
      const argv = ['test', '--url', fake.url, '--workload', 'workload.yaml', ...flags.flat(), ...args];
      const exitCode = await main(argv, context);
      const lines = context.results.filter((line) => typeof line === 'string');
      return { exitCode, lines, last: lines.at(-1), context };
    },
  };
}
