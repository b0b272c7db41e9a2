import { expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { NpyError, parseNpy } from '../../../src/formats/npy/npy.ts';
import { readNpz } from '../../../src/formats/npy/npz.ts';
import { packageRoot } from '../../../src/support/package/package-root.ts';
import { npyFile, npzFile } from '../../client/numpy-files.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'npz-'));
const committed = path.join(packageRoot, 'models', 'gat_test', 'reference.npz');
const everything = () => true;

function written(content: Uint8Array): string {
  const file = path.join(directory, `${Math.random()}.npz`);
  writeFileSync(file, content);
  return file;
}

const floats = npyFile('<f4', [2, 3], Float32Array.of(0, 1, 2, 3, 4, 5));
const whole = npzFile({ 'small.x': floats, 'small.i': npyFile('<i8', [1], BigInt64Array.of(-7n)) });

test.each([0, 6] as const)('reads arrays of an archive compressed at level %i', async (level) => {
  const arrays = await readNpz(written(npzFile({ 'small.x': floats }, level)), { isSelected: everything });
  const x = arrays.get('small.x');
  expect(x).toMatchObject({ descr: '<f4', shape: [2, 3] });
  expect(Buffer.from(x?.bytes ?? []).readFloatLE(20)).toBe(5);
});

test('reads files written by NumPy', async () => {
  const arrays = await readNpz(committed, { isSelected: (name) => name.startsWith('cora.') });
  expect([...arrays.keys()].sort()).toEqual(['cora.edgeindex__1', 'cora.logits__0', 'cora.x__0']);
  expect(arrays.get('cora.x__0')).toMatchObject({ descr: '<f4', shape: [2708, 1433] });
  expect(arrays.get('cora.edgeindex__1')?.bytes.length).toBe(2 * 10556 * 8);
});

test('rejects an archive that is cut off at any position', async () => {
  const packed = readFileSync(committed);
  for (const length of [0, 10, 1000, packed.length / 2, packed.length - 30, packed.length - 1]) {
    await expect(readNpz(written(packed.subarray(0, length)), { isSelected: everything })).rejects.toThrow(
      NpyError,
    );
  }
});

test('detects a flipped bit by the checksum', async () => {
  const stored = Buffer.from(npzFile({ 'small.x': floats }, 0));
  stored.writeUInt8(stored.readUInt8(180) ^ 1, 180);
  await expect(readNpz(written(stored), { isSelected: everything })).rejects.toThrow(
    /small\.x\.npy: its checksum does not match/,
  );
});

test('rejects other kinds of files and members', async () => {
  await expect(
    readNpz(written(Buffer.from('hello '.repeat(100))), { isSelected: everything }),
  ).rejects.toThrow(/not a zip archive/);
  await expect(
    readNpz(written(npzFile({ a: Buffer.from('no array') })), { isSelected: everything }),
  ).rejects.toThrow(/a\.npy: not a \.npy file/);
});

test('unpacks requested members only', async () => {
  const arrays = await readNpz(written(whole), { isSelected: (name) => name === 'small.i' });
  expect([...arrays.keys()]).toEqual(['small.i']);
});

test.each([
  ['<f4', [], Float32Array.of(1)],
  ['|u1', [3], Uint8Array.of(1, 2, 3)],
  ['|b1', [1, 1], Uint8Array.of(1)],
  ['<i4', [0, 4], new Int32Array(0)],
] as const)('reads %s of shape %j', (descr, shape, values) => {
  expect(parseNpy(npyFile(descr, shape, values))).toMatchObject({
    descr,
    shape,
    bytes: { length: values.byteLength },
  });
});

test('reads the four-byte header length of versions 2 and 3', () => {
  for (const version of [2, 3]) {
    const old = Buffer.from(floats);
    const size = Buffer.alloc(4);
    size.writeUInt32LE(old.readUInt16LE(8));
    const start = Buffer.from(`\x93NUMPY${String.fromCharCode(version)}\x00`, 'latin1');
    expect(parseNpy(Buffer.concat([start, size, old.subarray(10)])).shape).toEqual([2, 3]);
  }
});

const replaced = (from: string, to: string) =>
  Buffer.from(Buffer.from(floats).toString('latin1').replace(from, to), 'latin1');

test.each([
  ['big-endian', replaced("'<f4'", "'>f4'"), /elements of type >f4 are not supported/],
  ['objects', replaced("'<f4'", "'|O4'"), /elements of type \|O4 are not supported/],
  ['Fortran order', replaced('False', 'True '), /Fortran order/],
  ['another shape', replaced('(2, 3)', '(2, 4)'), /needs 32 bytes, but the file contains 24/],
  ['a cut header', floats.subarray(0, 40), /cut off within its header/],
  ['a strange header', replaced("'shape'", "'sharp'"), /header is not understood/],
  ['an unknown version', replaced('NUMPY\x01', 'NUMPY\x09'), /version 9 is unknown/],
])('rejects an array in %s', (_what, bytes, message) => {
  expect(() => parseNpy(bytes)).toThrow(message);
});

/** A .npy file whose header claims another shape than its elements have. */
function fileWithClaimedShape(shape: number[], elements: number): Uint8Array {
  const claimed = npyFile('<f4', shape, new Float32Array());
  return Buffer.concat([claimed, new Uint8Array(4 * elements)]);
}

test.each([
  [
    'a header that claims gigabytes',
    fileWithClaimedShape([700_000, 1000], 2),
    /more than 512 MiB in memory: a\.npy has shape \(700000, 1000\)/,
  ],
  ['a shape past all numbers', fileWithClaimedShape([1e15, 1e15], 2), /more than 512 MiB/],
  [
    'more content than its header declares',
    fileWithClaimedShape([2], 500_000),
    /a\.npy is larger than 136 bytes/,
  ],
  [
    'less content than its header declares',
    fileWithClaimedShape([500_000], 2),
    /needs 2000000 bytes, but the file contains 8/,
  ],
])('does not unpack an archive for %s', async (_, content, message) => {
  await expect(readNpz(written(npzFile({ a: content })))).rejects.toThrow(message);
});

test('checks a header before it unpacks the array', async () => {
  const check = () => {
    throw new Error('another type');
  };
  await expect(
    readNpz(written(npzFile({ a: fileWithClaimedShape([2], 500_000) })), { check }),
  ).rejects.toThrow('another type');
});
