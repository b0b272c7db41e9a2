import { describe, expect, test } from '@jest/globals';
import { constants, zstdCompressSync } from 'node:zlib';
import { createBlockCodec, type BlockCodec } from '../../../src/formats/squashfs/codec.ts';
import { WorkerPool } from '../../../src/formats/squashfs/write/worker-pool.ts';
import { allocateShared } from '../../../src/support/threads/thread.ts';

const blockBytes = 128 * 1024;

/** Returns a block of odd length that compresses a little, a lot, or not at all. */
function block(index: number): Buffer {
  const length = [blockBytes, 5_000, 1, 70_001, blockBytes, 4_096][index % 6] ?? 1;
  const bytes = Buffer.alloc(length);
  let state = index + 1;
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[at] = index % 3 === 0 ? state >>> 24 : index % 3 === 1 ? (state >>> 28) * (at & 3) : 7;
  }
  return bytes;
}

/** Returns the block as Node compresses it, or unchanged if that is not shorter. */
function aloneByZstd(raw: Buffer): Buffer {
  const params = {
    [constants.ZSTD_c_compressionLevel]: 3,
    [constants.ZSTD_c_windowLog]: 17,
    [constants.ZSTD_c_checksumFlag]: 0,
  };
  const frame = zstdCompressSync(raw, { params, pledgedSrcSize: raw.length });
  return frame.length < raw.length ? frame : raw;
}

function shared(raw: Buffer): Buffer {
  const memory = allocateShared(blockBytes);
  raw.copy(memory);
  return memory.subarray(0, raw.length);
}

function createPool(codec: BlockCodec, threads: number): WorkerPool {
  return new WorkerPool(codec.openWorkers(threads), (raw) => codec.compressSync(raw));
}

describe('compressing blocks', () => {
  test.each([
    [{ codec: 'zstd', level: 3 } as const, 1],
    [{ codec: 'zstd', level: 3 } as const, 4],
    [{ codec: 'gzip', level: 6 } as const, 3],
    [{ codec: 'none' } as const, 2],
  ])('compresses every block independently and reversibly: %j in %i threads', async (compression, count) => {
    const codec = createBlockCodec(compression, blockBytes);
    const pool = createPool(codec, count);
    const blocks = Array.from({ length: 60 }, (_, index) => block(index));
    const compressed = await Promise.all(blocks.map((raw) => pool.compress(shared(raw))));
    pool.close();
    for (const [index, raw] of blocks.entries()) {
      const result = compressed[index] ?? Buffer.alloc(0);
      expect(result.equals(compression.codec === 'zstd' ? aloneByZstd(raw) : codec.compressSync(raw))).toBe(
        true,
      );
      if (result.length < raw.length) {
        expect(codec.decompressSync(result).equals(raw)).toBe(true);
      }
    }
  });

  test.each([{ codec: 'zstd', level: 19 } as const, { codec: 'gzip', level: 9 } as const])(
    'rejects pending blocks at once when the workers are closed: %j',
    async (compression) => {
      const pool = createPool(createBlockCodec(compression, blockBytes), 1);
      pool.expect(2 ** 30);
      const onTheWay = expect(pool.compress(shared(block(0)))).rejects.toThrow();
      pool.close();
      await onTheWay;
    },
  );
});
