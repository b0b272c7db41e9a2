import { describe, expect, test } from '@jest/globals';
import { open, readFile, stat, type FileHandle } from 'node:fs/promises';
import { inflateSync } from 'node:zlib';
import { checkFile } from '../../../src/image/inspect/check-file.ts';
import { HpcGatError } from '../../../src/support/errors.ts';
import { testContext } from '../../support/context.ts';
import {
  directory,
  everything,
  fifo,
  filesOf,
  metadata,
  noiseBytes,
  writtenImage,
  type Contents,
} from './written-image.ts';

/** Returns the error message of the check; undefined if it passes. */
async function problemIn(file: string): Promise<unknown> {
  try {
    await checkFile(file, testContext());
    return undefined;
  } catch (error) {
    return error;
  }
}

async function listing(file: string): Promise<string> {
  return JSON.stringify(await filesOf(file));
}

async function withOtherByte<T>(
  handle: FileHandle,
  at: number,
  flip: number,
  look: () => Promise<T>,
): Promise<T> {
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, at);
  await handle.write(Buffer.from([(buffer[0] ?? 0) ^ flip]), 0, 1, at);
  const seen = await look();
  await handle.write(buffer, 0, 1, at);
  return seen;
}

/** @returns the positions where a changed byte is neither detected nor visible in the listing */
async function silentPlaces(file: string, flips: readonly number[]): Promise<number[]> {
  const { size } = await stat(file);
  const before = await listing(file);
  const silent: number[] = [];
  const handle = await open(file, 'r+');
  try {
    for (let at = 0; at < size; at += 1) {
      for (const flip of flips) {
        const seen = await withOtherByte(handle, at, flip, async () => {
          const problem = await problemIn(file);
          if (problem !== undefined && !(problem instanceof HpcGatError)) {
            throw new Error(`byte ${at}: not a clear error`, { cause: problem });
          }
          return problem === undefined && (await listing(file)) === before;
        });
        if (seen) {
          silent.push(at);
        }
      }
    }
  } finally {
    await handle.close();
  }
  return [...new Set(silent)];
}

async function placeOf(file: string, table: keyof typeof tableAt): Promise<number> {
  return Number((await readFile(file)).readBigUInt64LE(tableAt[table]));
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_none, index) => from + index);
}

/** Returns whether the first metadata block of a table still has the same content: deflate has several encodings. */
function isEquivalent(image: Buffer, table: number, at: number, flips: readonly number[]): boolean {
  const stream = image.subarray(table + 2, table + 2 + image.readUInt16LE(table));
  const place = at - table - 2;
  return flips.some((flip) => {
    const other = Buffer.from(stream);
    other[place] = (stream[place] ?? 0) ^ flip;
    return place >= 0 && place < stream.length && inflated(other)?.equals(inflateSync(stream)) === true;
  });
}

function inflated(stream: Buffer): Buffer | undefined {
  try {
    return inflateSync(stream);
  } catch {
    return undefined;
  }
}

/** Positions in the superblock. */
const tableAt = { inodes: 64, directories: 72, fragments: 80, exports: 88, ids: 48, xattrs: 56 } as const;

describe('any changed byte of a small image', () => {
  // These bytes hold the time, hints on compression, and level, window and strategy of the codec.
  const flips = [0xff, 0x01];
  const hints = [...range(8, 12), 24, 25, 98, 102, 104];

  test('with gzip is detected, or changes the listing, except in contents that do not compress', async () => {
    const file = await writtenImage(everything);
    const silent = await silentPlaces(file, flips);
    const contents = range(106, await placeOf(file, 'inodes'));
    const inTables = silent.filter((at) => !hints.includes(at) && !contents.includes(at));
    const bytes = await readFile(file);
    const tables = [await placeOf(file, 'inodes'), await placeOf(file, 'directories')];
    expect(inTables.filter((at) => !tables.some((table) => isEquivalent(bytes, table, at, flips)))).toEqual(
      [],
    );
    // Two blocks are stored uncompressed, and deflate has several encodings of the same content.
    const seen = silent.filter((at) => contents.includes(at)).length;
    expect(seen).toBeGreaterThanOrEqual(noiseBytes + 'linked'.length);
    expect(seen).toBeLessThan(noiseBytes + 'linked'.length + 8);
  });

  test('without compression is detected, or changes the listing, except where no reader could detect it', async () => {
    const file = await writtenImage(little, { compression: { codec: 'none' } });
    const [inodes, directories] = [await placeOf(file, 'inodes'), await placeOf(file, 'directories')];
    const value = (await readFile(file)).indexOf('value');
    const free = [
      ...hints,
      ...range(96, inodes),
      ...range(value, value + 'value'.length),
      // These bytes hold the block position of a file without blocks, and the parent of the root.
      ...range(inodes + 2 + 16, inodes + 2 + 24),
      ...range(directories - 4, directories),
    ];
    const silent = await silentPlaces(file, [0xff, 0x01]);
    expect(silent.filter((at) => !free.includes(at))).toEqual([]);
  });

  test('with zstd gives an answer or a clear error', async () => {
    const file = await writtenImage(little, { compression: { codec: 'zstd', level: 3 } });
    await expect(silentPlaces(file, [0xff])).resolves.not.toHaveLength(0);
  });
});

async function little({ file }: Contents) {
  const text = await file(Buffer.from('text '.repeat(50)), {
    xattrs: new Map([['user.x', Buffer.from('value')]]),
  });
  return directory({
    below: directory({ text }),
    link: { kind: 'symbolic-link', target: 'below', metadata: metadata() },
    pipe: fifo(),
    text,
  });
}
