import { describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { deflateSync, inflateSync } from 'node:zlib';
import { prepareDeflate, deflateInPlace } from '../../../src/formats/deflate/deflate.ts';

const levels = [1, 2, 3, 4, 5, 6, 7, 8, 9];
const mib = 1024 * 1024;

/** Data that compresses like programs: pieces of the running program. */
const program = readFileSync(process.execPath).subarray(40 * mib, 42 * mib);
const text = Buffer.from(readFileSync(new URL('../../../package-lock.json', import.meta.url)));

type Deflate = (block: Uint8Array) => number;

/** @returns the stream, or the block itself if it would not get shorter */
function compressed(deflate: Deflate, raw: Buffer): Buffer {
  const block = Buffer.from(raw);
  const length = deflate(block);
  if (length === 0) {
    expect(block.equals(raw)).toBe(true);
    return raw;
  }
  return block.subarray(0, length);
}

function expectReadBack(deflate: Deflate, raw: Buffer): Buffer {
  const stream = compressed(deflate, raw);
  if (stream === raw) {
    return stream;
  }
  expect(stream.length).toBeLessThan(raw.length);
  expect(inflateSync(stream).equals(raw)).toBe(true);
  return stream;
}

/** Returns symbols with Fibonacci counts, whose Huffman codes are longer than deflate supports. */
function fibonacci(): Buffer {
  const runs: Buffer[] = [];
  let [one, next] = [1, 1];
  for (let symbol = 0; symbol < 26; symbol += 1) {
    runs.push(Buffer.alloc(one, symbol));
    [one, next] = [next, one + next];
  }
  const bytes = Buffer.concat(runs);
  // The symbols are shuffled, so that no matches replace them.
  let state = 1;
  for (let at = bytes.length - 1; at > 0; at -= 1) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const other = state % (at + 1);
    [bytes[at], bytes[other]] = [bytes[other] ?? 0, bytes[at] ?? 0];
  }
  return bytes;
}

describe.each(levels)('deflate, level %i', (level) => {
  const deflate = deflateInPlace(prepareDeflate(level));

  test.each([
    ['zeros', Buffer.alloc(mib)],
    ['a program', program.subarray(0, mib)],
    ['text', text.subarray(0, mib)],
    ['codes of more than 15 bits', fibonacci().subarray(0, mib)],
    ['two bytes in turn', Buffer.alloc(70_001, 'ab')],
    ['three bytes in turn', Buffer.alloc(131_072, 'abc')],
    ['copies from as far as they go', far(32_768)],
    ['copies from one byte farther', far(32_769)],
    ['words of four bytes, one in a hundred another', patched()],
  ])('reproduces %s in zlib', (_, raw) => {
    expect(expectReadBack(deflate, raw)).not.toBe(raw);
  });

  test('reproduces all short lengths', () => {
    for (let length = 1; length <= 600; length += 1) {
      expectReadBack(deflate, text.subarray(1000, 1000 + length));
      expectReadBack(deflate, program.subarray(2000, 2000 + length));
      expectReadBack(deflate, Buffer.alloc(length, length & 1 ? 'x' : 'xyxxz'));
    }
  });

  test('stores random bytes, also before and after others', () => {
    const random = randomBytes(mib);
    expect(compressed(deflate, random)).toBe(random);
    const mixed = Buffer.concat([
      random.subarray(0, 300_000),
      text.subarray(0, 50_000),
      random.subarray(0, 300_000),
    ]);
    expectReadBack(deflate, mixed);
  });

  test('compresses a block independently of earlier ones', () => {
    const block = program.subarray(mib, mib + 131_072);
    const fresh = compressed(deflateInPlace(prepareDeflate(level)), block);
    expect(compressed(deflate, block).equals(fresh)).toBe(true);
    compressed(deflate, text.subarray(0, 131_072));
    expect(compressed(deflate, block).equals(fresh)).toBe(true);
  });

  test("makes blocks of programs no longer than Node's zlib does", () => {
    let [ours, theirs] = [0, 0];
    for (let at = 0; at < program.length; at += 131_072) {
      const block = program.subarray(at, at + 131_072);
      ours += expectReadBack(deflate, block).length;
      theirs += deflateSync(block, { level }).length;
    }
    expect(ours / theirs).toBeLessThan(1.01);
  });
});

test('supports nine levels', () => {
  expect(() => prepareDeflate(0)).toThrow(RangeError);
  expect(() => prepareDeflate(10)).toThrow(RangeError);
});

/** Returns random bytes, repeated at this distance. */
function far(distance: number): Buffer {
  const random = randomBytes(20_000);
  return Buffer.concat([random, Buffer.alloc(distance - random.length, 'filling '), random, random]);
}

function patched(): Buffer {
  const bytes = Buffer.alloc(200_000, 'word');
  for (let at = 0; at < bytes.length; at += 400) {
    bytes.writeUInt32LE(Math.imul(at + 1, 2654435761) >>> 0, at);
  }
  return bytes;
}
