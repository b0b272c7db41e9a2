import { expect, test } from '@jest/globals';
import { compareTensors } from '../../src/client/compare.ts';
import { encodeByteElements } from '../../src/triton/byte-elements.ts';
import type { Datatype } from '../../src/triton/datatypes.ts';

const exact = { absolute: 0, relative: 0 };

const tensor = (values: ArrayBufferView, datatype: Datatype, shape: readonly number[]) => ({
  name: 't',
  datatype,
  shape,
  bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
});
const floats = (...values: number[]) => tensor(Float64Array.from(values), 'FP64', [values.length]);
const texts = (...values: string[]) =>
  tensor(encodeByteElements(values.map((value) => Buffer.from(value))), 'BYTES', [values.length]);

test('a relative tolerance is a fraction of the expected value, added to the absolute one', () => {
  const tolerance = { absolute: 0.5, relative: 0.01 };
  expect(compareTensors(floats(1000, 1), floats(1010.5, 1), tolerance)).toEqual({ largest: 10.5 });
  expect(compareTensors(floats(1000, 1), floats(1010, 1.6), tolerance)).toEqual({
    largest: 10,
    worst: { difference: expect.closeTo(0.6), position: [1], expected: '1', actual: '1.6' },
  });
});

test('integers of 64 bits are compared exactly', () => {
  const one = tensor(BigInt64Array.of(2n ** 60n), 'INT64', [1]);
  const next = tensor(BigInt64Array.of(2n ** 60n + 1n), 'INT64', [1]);
  expect(compareTensors(one, one, exact)).toEqual({ largest: 0 });
  expect(compareTensors(one, next, exact).worst).toMatchObject({
    expected: '1152921504606846976',
    actual: '1152921504606846977',
  });
});

test('values that are not finite equal only themselves', () => {
  expect(compareTensors(floats(NaN, -Infinity), floats(NaN, -Infinity), exact)).toEqual({ largest: 0 });
  expect(
    compareTensors(floats(1, Infinity), floats(1, 5), { absolute: 1e9, relative: 1 }).worst,
  ).toMatchObject({
    position: [1],
    expected: 'Infinity',
    actual: '5',
  });
});

test('strings match exactly or not at all', () => {
  expect(compareTensors(texts('a', 'b'), texts('a', 'b'), exact)).toEqual({ largest: 0 });
  expect(compareTensors(texts('a', 'b'), texts('a', 'c"'), exact).worst).toEqual({
    difference: 1,
    position: [1],
    expected: '"b"',
    actual: String.raw`"c\""`,
  });
});
