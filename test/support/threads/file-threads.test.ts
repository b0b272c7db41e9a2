import { afterEach, describe, expect, test } from '@jest/globals';
import { createCipheriv } from 'node:crypto';
import { open, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { hashBytes, hashFile } from '../../../src/support/files/digest.ts';
import { FileThreads } from '../../../src/support/threads/file-threads.ts';
import { noise } from '../../image/noise.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

/** Size of the threads' reads. */
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
  const file = path.join(temporaryDirectory(), 'bytes');
  await writeFile(file, bytes);
  return file;
}

describe('a digest', () => {
  test.each([0, 1, piece - 1, piece, piece + 1, 9 * 1024 * 1024 + 7])(
    'is computed of a file of %i bytes',
    async (length) => {
      const file = await fileOf(noise(length, 1));
      const reported: number[] = [];
      const digest = await fileThreads().sha256({ file, start: 0, length }, (bytes) => reported.push(bytes));
      expect(digest).toBe(await hashFile(file));
      expect(reported.reduce((sum, bytes) => sum + bytes, 0)).toBe(length);
    },
  );

  test('is computed of a part, and of one that ends with its file', async () => {
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
    ).toEqual(parts.map(([start, length]) => hashBytes(bytes.subarray(start, start + length))));
  });

  test('fails for a missing file as elsewhere, and the next one succeeds', async () => {
    const threads = fileThreads();
    const missing = path.join(temporaryDirectory(), 'missing');
    await expect(threads.sha256({ file: missing, start: 0, length: 1 })).rejects.toMatchObject({
      code: 'ENOENT',
      path: missing,
      message: expect.stringContaining('no such file'),
    });
    const file = await fileOf(Buffer.from('there'));
    expect(await threads.sha256({ file, start: 0, length: 5 })).toBe(hashBytes('there'));
  });
});

describe('a move', () => {
  test.each([1, 1000, piece, 3 * piece + 5])(
    'shifts data by %i bytes, in place, one after the other',
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
  test.each([4 * piece, 3 * piece + 1, 5, 0])('copies %i bytes, with their checksum', async (length) => {
    const bytes = noise(length + 20, 3);
    const source = await open(await fileOf(bytes));
    const target = path.join(temporaryDirectory(), 'copy');
    const written = await open(target, 'wx');
    const wanted = bytes.subarray(10, 10 + length);
    const checksum = await fileThreads().copy(
      { file: source, start: 10, length },
      { file: written, position: 3 },
    );
    await Promise.all([source.close(), written.close()]);
    expect((await readFile(target)).subarray(3).equals(wanted)).toBe(true);
    expect(checksum).toBe(gmac(wanted));
  });

  /** Copies by encrypting nothing and authenticating everything. */
  function gmac(bytes: Buffer): string {
    const cipher = createCipheriv('aes-128-gcm', Buffer.alloc(16), Buffer.alloc(12));
    return cipher.setAAD(bytes).final('hex') + cipher.getAuthTag().toString('hex');
  }

  test('reports a full target as elsewhere', async () => {
    const source = await open(await fileOf(noise(100, 4)));
    const full = await open('/dev/full', 'w');
    const copying = fileThreads().copy({ file: source, start: 0, length: 100 }, { file: full, position: 0 });
    await expect(copying).rejects.toMatchObject({ code: 'ENOSPC' });
    await Promise.all([source.close(), full.close()]);
  });
});

const endless = { file: '/dev/zero', start: 0, length: 2 ** 50 };

describe('the calling thread', () => {
  test('takes pending jobs while it is idle, and yields to others', async () => {
    const cancelling = new AbortController();
    const threads = fileThreads(1, cancelling.signal);
    const busy = expect(threads.sha256(endless)).rejects.toThrow('that is enough');
    const bytes = noise(30_000_000, 6);
    const file = await fileOf(bytes);
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 0);
    const digest = threads.sha256({ file, start: 0, length: bytes.length });
    expect(await threads.helpWith(digest)).toBe(hashBytes(bytes));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
    const waiting = expect(threads.sha256(endless)).rejects.toThrow('that is enough');
    cancelling.abort(new Error('that is enough'));
    await Promise.all([busy, waiting]);
  });

  test('starts with copies, on which others wait', async () => {
    const cancelling = new AbortController();
    const threads = fileThreads(1, cancelling.signal);
    const busy = expect(threads.sha256(endless)).rejects.toThrow('that is enough');
    const source = await open(await fileOf(noise(1000, 5)));
    const target = await open(path.join(temporaryDirectory(), 'copy'), 'wx');
    const waiting = expect(threads.sha256(endless)).rejects.toThrow('that is enough');
    const copying = threads.copy({ file: source, start: 0, length: 1000 }, { file: target, position: 0 });
    expect(await threads.helpWith(copying)).toMatch(/^[0-9a-f]{32}$/);
    cancelling.abort(new Error('that is enough'));
    await Promise.all([busy, waiting, source.close(), target.close()]);
  });

  test('executes only its own requests, and leaves the rest', async () => {
    const bytes = noise(3_000_000, 7);
    const file = await fileOf(bytes);
    const threads = fileThreads();
    const digest = () => threads.sha256({ file, start: 0, length: bytes.length });
    expect(await threads.helpWith(Promise.resolve().then(digest))).toBe(hashBytes(bytes));
    const rest: Promise<string>[] = [];
    await threads.helpWith(Promise.resolve().then(() => void rest.push(digest(), digest(), digest())));
    expect(await Promise.all(rest)).toEqual([1, 2, 3].map(() => hashBytes(bytes)));
  });

  test('stops at the signal, and when the threads are closed', async () => {
    const cancelling = new AbortController();
    const threads = fileThreads(1, cancelling.signal);
    const both = [threads.sha256(endless), threads.sha256(endless)];
    const failing = both.map((one) => expect(one).rejects.toThrow('that is enough'));
    await expect(
      threads.helpWith(
        Promise.resolve().then(() => {
          cancelling.abort(new Error('that is enough'));
          return both[1];
        }),
      ),
    ).rejects.toThrow('that is enough');
    await Promise.all(failing);
    const closing = fileThreads();
    const others = [closing.sha256(endless), closing.sha256(endless)];
    const closed = others.map((one) => expect(one).rejects.toThrow('closed while it worked'));
    setTimeout(() => {
      closing.close();
    }, 20);
    await expect(closing.helpWith(Promise.all(others))).rejects.toThrow('closed while it worked');
    await Promise.all(closed);
  });
});

describe('an endless operation', () => {
  test('ends with the signal and its reason', async () => {
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
