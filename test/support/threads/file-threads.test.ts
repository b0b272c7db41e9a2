import { afterEach, describe, expect, test } from '@jest/globals';
import { open, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { sha256OfBytes, sha256OfFile } from '../../../src/support/digest.ts';
import { FileThreads } from '../../../src/support/threads/file-threads.ts';
import { noise } from '../../image/noise.ts';
import { temporaryFolder } from '../temporary-folder.ts';

/** What the threads read at once. */
const piece = 256 * 1024;

const opened: FileThreads[] = [];
function fileThreads(count = 1, signal = new AbortController().signal): FileThreads {
  const threads = new FileThreads(count, signal);
  opened.push(threads);
  return threads;
}
afterEach(() => {
  opened.splice(0).forEach((threads) => {
    threads.close();
  });
});

async function fileOf(bytes: Buffer): Promise<string> {
  const file = path.join(temporaryFolder(), 'bytes');
  await writeFile(file, bytes);
  return file;
}

describe('a digest', () => {
  test.each([0, 1, piece - 1, piece, piece + 1, 9 * 1024 * 1024 + 7])(
    'of a file of %i bytes',
    async (length) => {
      const file = await fileOf(noise(length, 1));
      const told: number[] = [];
      const digest = await fileThreads().sha256({ file, start: 0, length }, (bytes) => told.push(bytes));
      expect(digest).toBe(await sha256OfFile(file));
      expect(told.reduce((sum, bytes) => sum + bytes, 0)).toBe(length);
    },
  );

  test('of a part, and of one that ends with its file', async () => {
    const bytes = noise(700_000, 2);
    const file = await fileOf(bytes);
    const threads = fileThreads(2);
    const parts = [
      [0, 5],
      [100_000, piece],
      [299_999, 400_001],
      [600_000, 500_000],
    ] as const;
    expect(
      await Promise.all(parts.map(([start, length]) => threads.sha256({ file, start, length }))),
    ).toEqual(parts.map(([start, length]) => sha256OfBytes(bytes.subarray(start, start + length))));
  });

  test('of a file that is not there fails as it does elsewhere, and the next one does not', async () => {
    const threads = fileThreads();
    const missing = path.join(temporaryFolder(), 'missing');
    await expect(threads.sha256({ file: missing, start: 0, length: 1 })).rejects.toMatchObject({
      code: 'ENOENT',
      path: missing,
      message: expect.stringContaining('no such file'),
    });
    const file = await fileOf(Buffer.from('there'));
    expect(await threads.sha256({ file, start: 0, length: 5 })).toBe(sha256OfBytes('there'));
  });
});

describe('moves', () => {
  test.each([1, 1000, piece, 3 * piece + 5])(
    'by %i bytes, onto what was there, one after the other',
    async (by) => {
      const bytes = noise(5 * piece, 4);
      const name = await fileOf(bytes);
      const file = await open(name, 'r+');
      try {
        const first = { from: by, to: 0, bytes: piece };
        const second = { from: by + piece + 1, to: piece, bytes: bytes.length - by - piece - 1 };
        await fileThreads(2).move(file, [first, second]);
      } finally {
        await file.close();
      }
      const moved = Buffer.concat([bytes.subarray(by, by + piece), bytes.subarray(by + piece + 1)]);
      expect((await readFile(name)).subarray(0, moved.length).equals(moved)).toBe(true);
    },
  );
});

describe('a copy', () => {
  test.each([
    [1_000_000, 100_000],
    [4 * piece, piece],
    [3 * piece + 1, 2 * piece],
    [5, 4],
    [0, 4],
  ])('of %i bytes, with the checksum of every %i', async (length, pieceBytes) => {
    const bytes = noise(length + 20, 3);
    const source = await open(await fileOf(bytes));
    const target = path.join(temporaryFolder(), 'copy');
    const written = await open(target, 'wx');
    const wanted = bytes.subarray(10, 10 + length);
    const checksums = await fileThreads().copy(
      { file: source, start: 10, length },
      { file: written, position: 3 },
      pieceBytes,
    );
    await Promise.all([source.close(), written.close()]);
    expect((await readFile(target)).subarray(3).equals(wanted)).toBe(true);
    expect(checksums).toEqual(
      Array.from({ length: Math.ceil(length / pieceBytes) }, (_none, at) =>
        crc32(wanted.subarray(at * pieceBytes, (at + 1) * pieceBytes)),
      ),
    );
  });

  test('to where nothing can be written fails as it does elsewhere', async () => {
    const source = await open(await fileOf(noise(100, 4)));
    const full = await open('/dev/full', 'w');
    const copying = fileThreads().copy(
      { file: source, start: 0, length: 100 },
      { file: full, position: 0 },
      10,
    );
    await expect(copying).rejects.toMatchObject({ code: 'ENOSPC' });
    await Promise.all([source.close(), full.close()]);
  });
});

describe('what has no end', () => {
  const endless = { file: '/dev/zero', start: 0, length: 2 ** 50 };

  test('ends with the signal, and gives its reason', async () => {
    const cancelling = new AbortController();
    const threads = fileThreads(1, cancelling.signal);
    const hashing = threads.sha256(endless, () => {
      cancelling.abort(new Error('that is enough'));
    });
    const waiting = threads.sha256(endless);
    await expect(hashing).rejects.toThrow('that is enough');
    await expect(waiting).rejects.toThrow('that is enough');
    await expect(threads.sha256(endless)).rejects.toThrow('that is enough');
  });

  test('ends when the threads are closed', async () => {
    const threads = fileThreads(2);
    const hashing = [threads.sha256(endless), threads.sha256(endless)];
    const failing = hashing.map((one) => expect(one).rejects.toThrow('closed while it worked'));
    threads.close();
    await Promise.all(failing);
    await expect(threads.sha256(endless)).rejects.toThrow('closed while it worked');
  });
});
