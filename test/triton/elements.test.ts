import { expect, test } from '@jest/globals';
import { decodeByteElements, encodeByteElements } from '../../src/triton/byte-elements.ts';
import { bfloat16, decodeFloat, encodeFloat, half } from '../../src/triton/small-floats.ts';

// The patterns are IEEE 754 binary16 values, and upper halves of binary32.
test.each([
  [half, 1, 0x3c00],
  [half, -2, 0xc000],
  [half, 65504, 0x7bff],
  [half, 65520, 0x7c00],
  [half, 65519, 0x7bff],
  [half, 2 ** -24, 0x0001],
  [half, 2 ** -25, 0x0000],
  [half, 2 ** -14, 0x0400],
  [half, 0.1, 0x2e66],
  [half, 1 + 3 * 2 ** -11, 0x3c02],
  [half, -0, 0x8000],
  [half, NaN, 0x7e00],
  [bfloat16, 1, 0x3f80],
  [bfloat16, 3.14159, 0x4049],
  [bfloat16, -Infinity, 0xff80],
  [bfloat16, 3.4e38, 0x7f80],
  [bfloat16, 2 ** -133, 0x0001],
] as const)('decodes, in %j, %d as %i', (format, value, bits) => {
  expect(encodeFloat(format, value)).toBe(bits);
});

test.each([
  ['half', half],
  ['bfloat16', bfloat16],
] as const)('every value of %s makes the round trip', (_name, format) => {
  const all = Array.from({ length: 0x10000 }, (_, bits) => bits);
  const changed = all.filter((bits) => {
    const value = decodeFloat(format, bits);
    return !Number.isNaN(value) && encodeFloat(format, value) !== bits;
  });
  expect(changed).toEqual([]);
});

test('bfloat16 is the upper half of a 32-bit float', () => {
  const float = new Float32Array(1);
  const word = new Uint32Array(float.buffer);
  for (const bits of [0x0001, 0x0080, 0x3f81, 0x7f7f, 0xc049]) {
    word[0] = bits * 0x10000;
    expect(decodeFloat(bfloat16, bits)).toBe(float[0]);
  }
});

test('strings of any length follow their lengths', () => {
  const elements = [Buffer.from('a'), Buffer.alloc(0), Buffer.from('ü\0')];
  const bytes = encodeByteElements(elements);
  expect(Buffer.from(bytes).toString('hex')).toBe('0100000061' + '00000000' + '03000000c3bc00');
  expect(decodeByteElements(bytes)?.map((element) => Buffer.from(element))).toEqual(elements);
  expect(decodeByteElements(bytes.subarray(0, -1))).toBeUndefined();
  expect(decodeByteElements(bytes.subarray(0, 7))).toBeUndefined();
});
