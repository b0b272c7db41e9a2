import { expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { packageRoot } from '../../../src/support/package/package-root.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { headerBytes } from '../layer-bytes.ts';
import { tarEnd, tarEntry } from '../tar-bytes.ts';

const heapMebibytes = 80;
const mebibyte = 2 ** 20;

/**
 * Program that runs the verb with little memory, and adds its peak memory: VmHWM, because the maxrss of getrusage(2)
 * includes for a child the memory of its parent at the fork.
 */
const program = `
  const { readFileSync } = await import('node:fs');
  const { main } = await import('./src/main.ts');
  const { testContext } = await import('./test/support/context.ts');
  const context = testContext({ cwd: process.argv[1] });
  const argv = ['make-sif', 'docker-archive:image.tar', '--engine', 'native', '-o', 'x.sif', '--max-size', '500M'];
  const exitCode = await main(argv, context);
  const report = context.messages.find((line) => line.startsWith('hpc-gat: '));
  const [, peakKibibytes] = /^VmHWM:\\s+(\\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  console.log(JSON.stringify({ exitCode, report, peakBytes: peakKibibytes * 1024 }));`;

interface Ended {
  exitCode: number;
  report: string;
  peakBytes: number;
}

function convertInLittleMemory(directory: string): Promise<Ended> {
  const flags = [`--max-old-space-size=${heapMebibytes}`, '--input-type=module', '-e', program, directory];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, flags, { cwd: packageRoot }, (error, stdout, stderr) => {
      if (error === null) {
        resolve(JSON.parse(stdout) as Ended);
      } else {
        reject(new Error(stderr.slice(-2000)));
      }
    });
  });
}

/** @param store compresses the whole archive. */
async function archive(layer: Buffer, store = (whole: Buffer) => whole): Promise<string> {
  const directory = temporaryDirectory();
  const config = { architecture: 'amd64', os: 'linux', rootfs: { diff_ids: [`sha256:${'0'.repeat(64)}`] } };
  const manifest = [{ Config: 'config.json', RepoTags: ['a:1'], Layers: ['layer.tar'] }];
  const files = [
    tarEntry('config.json', JSON.stringify(config)),
    tarEntry('manifest.json', JSON.stringify(manifest)),
    tarEntry('layer.tar', layer),
  ];
  await writeFile(path.join(directory, 'image.tar'), store(Buffer.concat([...files, tarEnd])));
  return directory;
}

const zeros = gzipSync(Buffer.alloc(64 * mebibyte), { level: 1 });
const manyOf = (entry: (at: number) => Buffer) =>
  gzipSync(Buffer.concat(Array.from({ length: 10_000 }, (_none, at) => entry(at))), { level: 1 });
const directories = manyOf((at) => headerBytes({ name: `d${at}`, type: '5' }, 0));

test.each([
  [
    'a gigabyte of zeros behind the end of a layer',
    Buffer.concat([gzipSync(tarEnd), ...Array.from({ length: 16 }, () => zeros)]),
    /unpacks to more than/,
  ],
  [
    'a file of a gigabyte of zeros',
    Buffer.concat([
      gzipSync(headerBytes({ name: 'z' }, 400 * mebibyte)),
      ...Array.from({ length: 16 }, () => zeros),
    ]),
    /unpacks to more than/,
  ],
  [
    'a million entries',
    Buffer.concat(Array.from({ length: 100 }, () => directories)),
    /take more memory than this process has/,
  ],
])(
  '%s is rejected with bounded memory',
  async (_what, layer, report) => {
    const ended = await convertInLittleMemory(await archive(layer));
    expect(ended).toEqual({
      exitCode: 1,
      report: expect.stringMatching(report),
      peakBytes: expect.any(Number),
    });
    expect(ended.peakBytes).toBeLessThan(400 * mebibyte);
  },
  120_000,
);

const ofZeros = Buffer.concat(Array.from({ length: 16 }, () => zeros));
const descriptions = manyOf((at) => tarEntry(`${at}.json`, '{}'));
const links = manyOf((at) => headerBytes({ name: `l${at}`, type: '2' }, 0));

test.each<[string, (whole: Buffer) => Buffer, RegExp]>([
  [
    'a gigabyte of zeros behind its end',
    (whole) => Buffer.concat([gzipSync(whole), ofZeros]),
    /unpacks to more than/,
  ],
  [
    'a gigabyte that is neither layer nor description',
    () => Buffer.concat([gzipSync(tarEntry('x', '{}', '0', 1024 * mebibyte)), ofZeros]),
    /unpacks to more than/,
  ],
  [
    'a gigabyte behind the end of a gzip layer',
    () =>
      Buffer.concat([
        gzipSync(tarEntry('layer.tar', gzipSync(tarEnd), '0', 1024 * mebibyte).subarray(0, -512)),
        gzipSync(gzipSync(tarEnd)),
        ofZeros,
      ]),
    /unpacks to more than/,
  ],
  [
    'half a million descriptions',
    () => Buffer.concat([...Array.from({ length: 50 }, () => descriptions), gzipSync(tarEnd)]),
    /contains no manifest.json/,
  ],
  [
    'a million links',
    () => Buffer.concat(Array.from({ length: 101 }, () => links)),
    /contains more than 1000000 files/,
  ],
])(
  'a compressed archive with %s is rejected with bounded memory',
  async (_what, store, report) => {
    const ended = await convertInLittleMemory(await archive(tarEnd, store));
    expect(ended).toEqual({
      exitCode: 1,
      report: expect.stringMatching(report),
      peakBytes: expect.any(Number),
    });
    expect(ended.peakBytes).toBeLessThan(400 * mebibyte);
  },
  120_000,
);
