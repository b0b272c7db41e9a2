import { expect, test } from '@jest/globals';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  type FileSystem,
  isListed,
  isTransient,
  listDirectory,
  readFrom,
  readListedText,
  getVisibilityDelayMs,
} from '../../../src/support/files/shared-files.ts';
import { HpcGatError } from '../../../src/support/errors.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** Simulates an NFS client that caches failed lookups, as real ones do for 30 s. */
class CachingFileSystem implements FileSystem {
  readonly present = new Map<string, string>();
  readonly #missing = new Set<string>();
  /** Errors of the next calls. */
  readonly failures: string[] = [];
  refreshes = 0;

  readonly readdir = (directory: string): Promise<string[]> =>
    this.#answer(() => {
      const names = [...this.present.keys()].filter((file) => path.dirname(file) === directory);
      return names.map((file) => path.basename(file));
    });

  /** A name without an extension denotes a directory. */
  readonly open: FileSystem['open'] = (file) =>
    path.extname(file) === ''
      ? Promise.resolve(this.#handle(''))
      : this.#answer(() => {
          const text = this.present.get(file);
          if (text === undefined || this.#missing.has(file)) {
            this.#missing.add(file);
            throw failure('ENOENT');
          }
          return this.#handle(text);
        });

  #handle(text: string) {
    let isRead = false;
    return {
      read: (buffer: Buffer) => {
        const bytesRead = isRead ? 0 : buffer.write(text);
        isRead = true;
        return Promise.resolve({ buffer, bytesRead });
      },
      stat: () => Promise.resolve({ uid: process.getuid?.() }),
      chown: () => {
        this.refreshes += 1;
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    } as unknown as Awaited<ReturnType<FileSystem['open']>>;
  }

  #answer<T>(act: () => T): Promise<T> {
    const code = this.failures.shift();
    return code === undefined
      ? new Promise((resolve) => {
          resolve(act());
        })
      : Promise.reject(failure(code));
  }
}

test('finds a file that another host writes after a failed lookup', async () => {
  const files = new CachingFileSystem();
  expect(await readListedText('/run/ended.json', files)).toBeUndefined();
  files.present.set('/run/ended.json', '{}');
  expect(await readListedText('/run/ended.json', files)).toBe('{}');
});

test('refreshes the listing at most once a second', async () => {
  const files = new CachingFileSystem();
  for (let calls = 0; calls < 5; calls += 1) {
    expect(await isListed('/asked/file', files)).toBe(false);
  }
  expect(files.refreshes).toBe(1);
});

test('retries an operation whose file was replaced or whose server was away', async () => {
  const files = new CachingFileSystem();
  files.present.set('/stale/job.json', 'text');
  files.failures.push('ESTALE');
  expect(await readListedText('/stale/job.json', files)).toBe('text');
  files.failures.push('EACCES');
  await expect(readListedText('/stale/job.json', files)).rejects.toThrow('EACCES');
});

test('a transient error counts as a cause too', () => {
  expect(isTransient(new HpcGatError('unreadable', { cause: failure('ESTALE') }))).toBe(true);
  expect(isTransient(failure('ENOSPC'))).toBe(false);
  expect(isTransient(undefined)).toBe(false);
});

test('refreshing a listing preserves owner, group and times of the directory', async () => {
  const directory = path.join(temporaryDirectory(), 'run');
  await mkdir(directory);
  await writeFile(path.join(directory, 'a'), '');
  const before = await stat(directory);
  expect(await listDirectory(directory)).toEqual(['a']);
  const { uid, gid, mtimeMs, mode } = await stat(directory);
  expect({ uid, gid, mtimeMs, mode }).toEqual({
    uid: before.uid,
    gid: before.gid,
    mtimeMs: before.mtimeMs,
    mode: before.mode,
  });
  expect(await listDirectory(path.join(directory, 'none'))).toEqual([]);
  expect(await getVisibilityDelayMs('/proc')).toBe(65_000);
});

test('reads a file from a position to its end, of any size', async () => {
  const file = path.join(temporaryDirectory(), 'file');
  await writeFile(file, 'x'.repeat(150_000) + 'end');
  expect((await readFrom(file, 149_999))?.toString()).toBe('xend');
  expect((await readFrom(file, 0))?.length).toBe(150_003);
  expect((await readFrom(file, 200_000))?.length).toBe(0);
  expect(await readFrom(`${file}.none`, 0)).toBeUndefined();
});
