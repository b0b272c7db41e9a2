import { expect, test } from '@jest/globals';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readArray } from '../../src/workload/array-file.ts';
import { formatNpy, parseNpy } from '../../src/formats/npy/npy.ts';
import { toNpyArray } from '../../src/workload/npy-tensor.ts';
import { UsageError } from '../../src/support/errors.ts';
import { decodeByteElements, encodeByteElements } from '../../src/triton/byte-elements.ts';
import { decodeElements, type Datatype } from '../../src/triton/datatypes.ts';
import { npyFile, npzFile } from '../client/numpy-files.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'arrays-'));

function written(name: string, content: string | Uint8Array): string {
  const file = path.join(directory, name);
  writeFileSync(file, content);
  return file;
}

const floats = npyFile('<f4', [2, 2], Float32Array.of(1, 2.5, -3, 1e30));
const texts = (bytes: Uint8Array) =>
  decodeByteElements(bytes)?.map((element) => Buffer.from(element).toString());

test('reads a .npy file, and the array of a .npz file by its name or as the only one', async () => {
  const expected = { shape: [2, 2], bytes: new Uint8Array(Float32Array.of(1, 2.5, -3, 1e30).buffer) };
  const read = async (file: string, array?: string) => {
    const { shape, bytes } = await readArray({ file, array }, 'FP32');
    return { shape, bytes: new Uint8Array(bytes) };
  };
  expect(await read(written('x.npy', floats))).toEqual(expected);
  expect(await read(written('one.npz', npzFile({ x: floats })))).toEqual(expected);
  const two = written('two.npz', npzFile({ x: floats, mask: npyFile('|b1', [1], Uint8Array.of(1)) }));
  expect(await read(two, 'x')).toEqual(expected);
  await expect(read(two)).rejects.toThrow(/`array` must name one of its arrays; it has x, mask$/);
  await expect(read(two, 'masc')).rejects.toThrow(/has no array masc; did you mean mask\?/);
});

test('converts both kinds of strings to BYTES', async () => {
  const bytes = Buffer.from('ab\0\0\0c\0\0', 'latin1');
  const s = written('s.npy', npyFile('|S4', [2], bytes));
  expect(texts((await readArray({ file: s }, 'BYTES')).bytes)).toEqual(['ab', '\0c']);
  const points = Uint32Array.of(0x1f600, 0x62, 0xfc, 0);
  const u = written('u.npy', npyFile('<U2', [2, 1], points));
  expect(texts((await readArray({ file: u }, 'BYTES')).bytes)).toEqual(['😀b', 'ü']);
});

test('reads BF16 from 32-bit floats, rounded, or from two bytes', async () => {
  const f = written('f.npy', npyFile('<f4', [2], Float32Array.of(1, 3.14159)));
  const bits = Uint16Array.of(0x3f80, 0x4049);
  expect(new Uint8Array((await readArray({ file: f }, 'BF16')).bytes)).toEqual(new Uint8Array(bits.buffer));
  const v = written('v.npy', npyFile('|V2', [2], bits));
  expect(new Uint8Array((await readArray({ file: v }, 'BF16')).bytes)).toEqual(new Uint8Array(bits.buffer));
});

test.each<[Datatype, string, readonly number[], readonly unknown[]]>([
  ['FP32', '[[1, 2.5], [-3, 1e10]]', [2, 2], [1, 2.5, -3, 1e10]],
  ['INT64', '[9007199254740993, -9223372036854775808]', [2], [9007199254740993n, -(2n ** 63n)]],
  ['UINT64', '[18446744073709551615]', [1], [2n ** 64n - 1n]],
  ['BOOL', '[true, false]', [2], [1, 0]],
  ['UINT8', '255', [], [255]],
  ['FP16', '[[[0.5]]]', [1, 1, 1], [0.5]],
  ['FP32', '[[], []]', [2, 0], []],
])('reads %s from JSON %s', async (datatype, text, shape, values) => {
  const array = await readArray({ file: written('a.json', text) }, datatype);
  expect(array.shape).toEqual(shape);
  expect(Array.from(decodeElements(datatype as 'FP32', array.bytes))).toEqual(values);
});

test('reads strings from JSON', async () => {
  const { shape, bytes } = await readArray({ file: written('t.json', '[["a", "ü"]]') }, 'BYTES');
  expect({ shape, texts: texts(bytes) }).toEqual({ shape: [1, 2], texts: ['a', 'ü'] });
});

test.each<[string, Datatype, RegExp]>([
  ['[1, 2', 'FP32', /not JSON/],
  ['[[1, 2], [3]]', 'FP32', /a list of 1 at \[1\], but the first list has 2 elements/],
  ['[1, [2]]', 'FP32', /a list at \[1\], but one value was expected/],
  ['[[1], 2]', 'FP32', /a single value at \[1\], but the first list has 1 elements/],
  ['[1, null]', 'FP32', /no value at \[1\]/],
  ['[1, 2.5]', 'INT32', /element 1 of 2: 2\.5 is not a whole number/],
  ['[1, 300]', 'UINT8', /element 1 of 2: 300 does not fit UINT8, whose range is 0 to 255/],
  ['[18446744073709551616]', 'UINT64', /does not fit UINT64/],
  ['["1"]', 'INT32', /element 0 of 1: "1" is not a number, but INT32 requires one/],
  ['[1]', 'BOOL', /1 is neither true nor false/],
  ['[1]', 'BYTES', /1 is not a text/],
])('rejects JSON %s as %s', async (text, datatype, message) => {
  const refused = readArray({ file: written('bad.json', text) }, datatype);
  await expect(refused).rejects.toThrow(message);
  await expect(refused).rejects.toThrow(UsageError);
});

test('rejects another type and a missing file, with both sides', async () => {
  await expect(readArray({ file: written('x.npy', floats) }, 'INT64')).rejects.toThrow(
    /x\.npy: has elements of type <f4, but INT64 requires <i8$/,
  );
  await expect(readArray({ file: path.join(directory, 'none.npy') }, 'FP32')).rejects.toThrow(
    /unusable array .*none\.npy: there is no such file/,
  );
});

test('writes a tensor that NumPy reads', () => {
  const stored = (datatype: Datatype, bytes: Uint8Array) =>
    parseNpy(formatNpy(toNpyArray({ name: 't', datatype, shape: [2], bytes })));
  expect(stored('INT16', new Uint8Array(Int16Array.of(1, -2).buffer))).toMatchObject({
    descr: '<i2',
    shape: [2],
  });
  expect(stored('BYTES', encodeByteElements([Buffer.from('abc'), Buffer.alloc(0)]))).toMatchObject({
    descr: '|S3',
    bytes: Buffer.from('abc\0\0\0'),
  });
  expect(stored('BF16', new Uint8Array(Uint16Array.of(0x3f80, 0x4049).buffer)).descr).toBe('<f4');
  expect(() => stored('BYTES', encodeByteElements([Buffer.from('a\0'), Buffer.from('b')]))).toThrow(
    /null byte/,
  );
});
