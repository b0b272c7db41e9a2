import { describe, expect, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { checkLayers, type StoredLayer } from '../../../../src/image/source/layers/stored-layers.ts';

import { hashBytes } from '../../../../src/support/files/digest.ts';
import { HpcGatError, InterruptedError } from '../../../../src/support/errors.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const plain = Buffer.from('layer '.repeat(100_000));
const diffId = `sha256:${hashBytes(plain)}`;

/** Stores one layer at some position in a file. */
async function layer(
  stored: Buffer,
  codec: StoredLayer['codec'],
  changes: Partial<StoredLayer> = {},
): Promise<[file: string, layers: StoredLayer[]]> {
  const file = path.join(temporaryDirectory(), 'image.tar');
  await writeFile(file, Buffer.concat([Buffer.alloc(512), stored, Buffer.alloc(512)]));
  return [
    file,
    [{ file, name: 'a/layer.tar', dataOffset: 512, sizeBytes: stored.length, codec, diffId, ...changes }],
  ];
}

const never = new AbortController().signal;

describe('the layers of an archive', () => {
  test.each<[StoredLayer['codec'], Buffer]>([
    ['none', plain],
    ['gzip', gzipSync(plain)],
    ['zstd', zstdCompressSync(plain)],
  ])('are valid when stored with %s', async (codec, stored) => {
    let read = 0;
    const [file, layers] = await layer(stored, codec);
    await checkLayers(file, layers, (bytes) => (read += bytes), never);
    expect(read).toBe(stored.length);
  });

  test('can be empty', async () => {
    const [file, layers] = await layer(Buffer.alloc(0), 'none', { diffId: `sha256:${hashBytes('')}` });
    await expect(checkLayers(file, layers, () => undefined, never)).resolves.toBeUndefined();
  });

  test.each<[string, StoredLayer['codec'], Buffer]>([
    ['a byte is wrong', 'none', Buffer.from(plain).fill('x', 300_000, 300_001)],
    ['compressed, a byte is wrong', 'gzip', Buffer.from(gzipSync(plain)).fill(0, 60, 64)],
    ['cut off', 'gzip', gzipSync(plain).subarray(0, 100)],
    ['cut off, with zstd', 'zstd', zstdCompressSync(plain).subarray(0, 30)],
  ])('are rejected as damaged: %s', async (_what, codec, stored) => {
    const [file, layers] = await layer(stored, codec);
    const checking = checkLayers(file, layers, () => undefined, never);
    await expect(checking).rejects.toThrow(HpcGatError);
    await expect(checking).rejects.toThrow(/is damaged: its layer a\/layer.tar/);
  });

  test('are not read any further after Ctrl-C', async () => {
    const interruption = new AbortController();
    const [file, layers] = await layer(plain, 'none');
    const abort = () => {
      interruption.abort(new InterruptedError('SIGINT'));
    };
    await expect(checkLayers(file, layers, abort, interruption.signal)).rejects.toThrow(InterruptedError);
  });
});
