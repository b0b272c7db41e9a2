import { expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { hashBytes } from '../../../src/support/files/digest.ts';
import { packageRoot } from '../../../src/support/package/package-root.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { layerBytes } from '../layer-bytes.ts';
import { noise } from '../noise.ts';
import { OciBytes } from '../oci-bytes.ts';

const text = Buffer.alloc(2_000_000, 'words that compress well, ');
const files = Array.from({ length: 300 }, (_none, at) => ({
  name: `file-${at}`,
  data: Buffer.concat([noise(at * 17, at + 1), text.subarray(0, (at * 7919) % 9000)]),
}));
const oci = new OciBytes();
oci.add(
  oci.layered([
    layerBytes([{ name: 'hidden', data: noise(700_000) }, { name: 'text', data: text }, ...files]),
    layerBytes([{ name: '.wh.hidden' }, { name: 'mixed', data: Buffer.concat([noise(900_000), text]) }]),
  ]),
);

/** Sizes of libuv's thread pool, which is set at the start of a process, and of `--threads`. */
const threads = [
  [1, 1],
  [4, 2],
  [16, 7],
  [1, 7],
  [16, 1],
] as const;

async function converted(
  compression: string,
  [pool, threadCount]: (typeof threads)[number],
): Promise<string> {
  const directory = temporaryDirectory();
  await writeFile(path.join(directory, 'image.tar'), oci.tar());
  const argv = ['make-sif', 'oci-archive:image.tar', '--engine', 'native', '--no-cache', '-o', 'x.sif'];
  const options = ['--compression', compression, '--threads', String(threadCount)];
  await promisify(execFile)(
    process.execPath,
    [path.join(packageRoot, 'bin', 'hpc-gat.js'), ...argv, ...options],
    { cwd: directory, env: { ...process.env, UV_THREADPOOL_SIZE: String(pool) } },
  );
  return hashBytes(await readFile(path.join(directory, 'x.sif')));
}

test.each(['zstd:3', 'gzip:6'])(
  'the bytes are the same with %s, for any number of threads and any pool size',
  async (compression) => {
    const digests: string[] = [];
    for (const numbers of threads) {
      digests.push(await converted(compression, numbers));
    }
    expect(new Set(digests).size).toBe(1);
  },
  120_000,
);
