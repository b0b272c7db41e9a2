import { expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { TarReader } from '../../../src/formats/tar/reader.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { patched } from '../../image/hostile/hostile-bytes.ts';
import {
  entryBytes,
  headerBytes,
  inPieces,
  layerBytes,
  padded,
  type EntryBytes,
} from '../../image/layer-bytes.ts';

async function readAll(bytes: Buffer, pieceBytes?: number) {
  const reader = new TarReader(inPieces(bytes, pieceBytes), 'the layer');
  const found = [];
  for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
    const parts: Buffer[] = [];
    for (let left = entry.sizeBytes; left > 0; left -= 1000) {
      const part = Buffer.alloc(Math.min(left, 1000));
      await reader.readContent(part);
      parts.push(part);
    }
    found.push({ ...entry, content: Buffer.concat(parts).toString('latin1') });
  }
  return found;
}

async function readOne(entry: EntryBytes) {
  const [found] = await readAll(layerBytes([entry]));
  return found;
}

test('reads every kind of entry from chunks of any length', async () => {
  const entries: EntryBytes[] = [
    { name: './', type: '5', mode: 0o755, mtime: 7 },
    { name: 'file', data: 'x'.repeat(2500), mode: 0o4711, uid: 1000, gid: 1001, mtime: 1_700_000_000 },
    { name: 'hard', type: '1', link: 'file' },
    { name: 'soft', type: '2', link: '../else' },
    { name: 'character', type: '3', major: 5, minor: 1 },
    { name: 'block', type: '4', major: 259, minor: 65_537 },
    { name: 'fifo', type: '6', mode: 0o600 },
    { name: 'old/', type: '\0' },
    { name: 'a file, whatever its slash/', data: 'x' },
  ];
  for (const pieceBytes of [1, 333, 512, 100_000]) {
    const found = await readAll(layerBytes(entries), pieceBytes);
    expect(found.map(({ kind }) => kind)).toEqual([
      ...['directory', 'file', 'hard-link', 'symbolic-link', 'character-device', 'block-device', 'fifo'],
      ...['directory', 'file'],
    ]);
    expect(found[1]).toMatchObject({
      name: 'file',
      content: 'x'.repeat(2500),
      ...{ mode: 0o4711, uid: 1000, gid: 1001, mtime: 1_700_000_000 },
    });
    expect(found[3]).toMatchObject({ linkName: '../else' });
    expect(found[5]).toMatchObject({ major: 259, minor: 65_537 });
  }
});

test('skips content that was not read', async () => {
  const bytes = layerBytes([
    { name: 'one', data: 'x'.repeat(1300) },
    { name: 'two', data: 'y' },
  ]);
  const reader = new TarReader(inPieces(bytes), 'the layer');
  await reader.next();
  await reader.readContent(Buffer.alloc(700));
  expect(await reader.next()).toMatchObject({ name: 'two' });
  const content = Buffer.alloc(1);
  await reader.readContent(content);
  expect(content.toString()).toBe('y');
  expect(await reader.next()).toBeUndefined();
});

test('prefers pax over the header: long names, large numbers, fractions, xattrs of any bytes', async () => {
  const capability = Buffer.from([1, 0, 0, 2, 0, 0x20, 0, 0, 0x0a, 0x3d, 0, 0]);
  const found = await readOne({
    name: 'short',
    data: 'abc',
    pax: {
      path: 'long/'.repeat(60),
      uid: '3000000000',
      mtime: '1700000000.987',
      'SCHILY.xattr.security.capability': capability,
      'SCHILY.xattr.user.empty': '',
    },
  });
  expect(found).toMatchObject({ uid: 3_000_000_000, mtime: 1_700_000_000 });
  expect(found?.name).toBe('long/'.repeat(60));
  expect(found?.xattrs.get('security.capability')).toEqual(capability);
  expect(found?.xattrs.get('user.empty')).toEqual(Buffer.alloc(0));
});

test.each([
  // A double would round it to 1700000001.
  ['1700000000.999999999', 1_700_000_000],
  ['1700000000.', 1_700_000_000],
  ['-1.999999999', -2],
  ['-0.5', -1],
  ['-3.000', -3],
])('rounds a time down to its second: %s', async (mtime, second) => {
  expect(await readOne({ name: 'x', pax: { mtime } })).toMatchObject({ mtime: second });
});

test('applies a global pax header to all later entries without their own values', async () => {
  const records = Buffer.from('14 uid=123456\n');
  const bytes = Buffer.concat([
    headerBytes({ name: 'global', type: 'g' }, records.length),
    padded(records),
    entryBytes({ name: 'one' }),
    layerBytes([{ name: 'two', pax: { uid: '7' } }]),
  ]);
  expect((await readAll(bytes)).map(({ uid }) => uid)).toEqual([123_456, 7]);
});

test('ignores a pax record without a value', async () => {
  const pax = { path: '', linkpath: '', uid: '', mtime: '', size: '' };
  expect(await readOne({ name: 'one', type: '2', link: 'two', uid: 5, mtime: 6, pax })).toMatchObject({
    name: 'one',
    linkName: 'two',
    uid: 5,
    mtime: 6,
  });
});

test('treats names as bytes, not as UTF-8', async () => {
  expect((await readOne({ name: 'caf\xe9' }))?.name).toBe('caf\xe9');
});

const hasTar = (() => {
  try {
    return execFileSync('tar', ['--version'], { encoding: 'utf8' }).includes('GNU tar');
  } catch {
    return false;
  }
})();

(hasTar ? test : test.skip).each([
  ['gnu', ['--format=gnu']],
  ['pax 0.0', ['--format=posix', '--sparse-version=0.0']],
  ['pax 0.1', ['--format=posix', '--sparse-version=0.1']],
  ['pax 1.0', ['--format=posix', '--sparse-version=1.0']],
])('GNU tar: long names, and sparse files in the form %s', async (_form, options) => {
  const directory = temporaryDirectory();
  const long = 'n'.repeat(200);
  writeFileSync(path.join(directory, long), 'long');
  const sparse = openSync(path.join(directory, 'sparse'), 'w');
  for (let piece = 0; piece < 30; piece += 1) {
    writeSync(sparse, `piece ${piece}`, piece * 200_000);
  }
  ftruncateSync(sparse, 7_000_001);
  closeSync(sparse);
  const bytes = execFileSync('tar', ['--sparse', ...options, '-C', directory, '-cf', '-', long, 'sparse'], {
    maxBuffer: 1e8,
  });
  expect(bytes.length).toBeLessThan(1_000_000);
  const [first, second] = await readAll(bytes, 10_000);
  expect(first).toMatchObject({ name: long, content: 'long' });
  expect(second).toMatchObject({ name: 'sparse', sizeBytes: 7_000_001 });
  expect(second?.content === readFileSync(path.join(directory, 'sparse'), 'latin1')).toBe(true);
});

test('reads numbers in base 256', async () => {
  const [found] = await readAll(patched({ name: 'x' }, 108, Buffer.from('80000000b2d05e00', 'hex')));
  expect(found?.uid).toBe(3_000_000_000);
});

test.each(['\x00000755\0', ' \x000755 ', '   755 \0', '0000755 ', '00000755'])(
  'reads historic forms of a number: %j',
  async (mode) => {
    const [found] = await readAll(patched({ name: 'x' }, 100, mode));
    expect(found?.mode).toBe(0o755);
  },
);

test('accepts an end without its mark, and ignores data after the mark', async () => {
  expect(await readAll(entryBytes({ name: 'x' }))).toHaveLength(1);
  const trailing = Buffer.concat([layerBytes([{ name: 'x' }]), Buffer.alloc(10_240), Buffer.from('rest')]);
  expect(await readAll(trailing)).toHaveLength(1);
});

const file = { name: 'file', data: 'x'.repeat(2000) };
const pax = entryBytes({ name: 'p', type: 'x', data: '11 uid=123\n' });
test.each<[string, Buffer]>([
  ['without the padding of its last file', layerBytes([file]).subarray(0, 512 + 2000)],
  ['within the padding of its last file', layerBytes([file]).subarray(0, 512 + 2000 + 20)],
  ['within its end mark', layerBytes([file]).subarray(0, 512 + 2048 + 700)],
  ['without the padding of a pax header', Buffer.concat([entryBytes(file), pax.subarray(0, 512 + 11)])],
])('accepts a layer that ends %s', async (_where, bytes) => {
  for (const pieceBytes of [1, 512, 100_000]) {
    expect(await readAll(bytes, pieceBytes)).toMatchObject([{ name: 'file', content: file.data }]);
    const reader = new TarReader(inPieces(bytes, pieceBytes), 'the layer');
    expect(await reader.next()).toMatchObject({ name: 'file' });
    expect(await reader.next()).toBeUndefined();
  }
});

test.each([
  [-2, 'fffffffffffffffe', 4_294_967_294],
  [-1, 'ffffffffffffffff', 0],
  [4_294_967_295, '80000000ffffffff', 0],
  [-2_147_483_648, 'ffffffff80000000', 2_147_483_648],
])('reads the owner %d as chown does', async (owner, base256, found) => {
  const field = Buffer.from(base256, 'hex');
  expect((await readAll(patched({ name: 'x' }, 108, field)))[0]?.uid).toBe(found);
  expect((await readAll(patched({ name: 'x' }, 116, field)))[0]?.gid).toBe(found);
  const entry = await readOne({ name: 'x', pax: { uid: String(owner), gid: String(owner) } });
  expect(entry).toMatchObject({ uid: found, gid: found });
});

test('ends the prefix of a star header before its times', async () => {
  const prefix = `${'p'.repeat(131)}14522000000 14522000000 `.padEnd(163, '\0');
  const star = patched({ name: 'x' }, 345, Buffer.from(`${prefix}tar\0`));
  expect((await readAll(star))[0]?.name).toBe(`${'p'.repeat(131)}/x`);
  const ustar = patched({ name: 'x' }, 345, Buffer.from('p'.repeat(155)));
  expect((await readAll(ustar))[0]?.name).toBe(`${'p'.repeat(155)}/x`);
});

test.each<[string, Buffer, RegExp]>([
  ['inside a header', layerBytes([file]).subarray(0, 300), /wrong checksum/],
  ['inside content', layerBytes([file]).subarray(0, 1000), /cut off/],
])('rejects a layer that ends %s', async (_where, bytes, message) => {
  await expect(readAll(bytes)).rejects.toThrow(message);
});

test.each<[string, EntryBytes, RegExp]>([
  ['a size of 2^63', { name: 'x', pax: { size: '9223372036854775808' } }, /impossible size/],
  ['a negative size', { name: 'x', pax: { size: '-1' } }, /impossible size/],
  ['a size beyond the end', { name: 'x', sizeBytes: 8_000_000_000 }, /cut off/],
  ['an unknown type', { name: 'x', type: 'Z' }, /unknown type "Z"/],
  ['a NUL in its name', { name: 'x', pax: { path: 'a\0b' } }, /NUL in its name/],
  ['a uid below 32 bits', { name: 'x', pax: { uid: '-2147483649' } }, /impossible uid/],
  ['a uid of words', { name: 'x', pax: { uid: 'root' } }, /uid that is not a number/],
  [
    'a pax header without end',
    { name: 'p', type: 'x', data: '99 path=x\n' },
    /pax header before byte 1024 cannot be read/,
  ],
  ['a pax header of a gigabyte', { name: 'p', type: 'x', sizeBytes: 1e9 }, /claim 1000000000 bytes/],
  [
    'a sparse map with wrong sizes',
    { name: 'x', data: 'abc', pax: { 'GNU.sparse.map': '0,5', 'GNU.sparse.size': '9' } },
    /map of the sparse file/,
  ],
  [
    'a sparse map that goes back',
    { name: 'x', data: 'abcd', pax: { 'GNU.sparse.map': '6,2,0,2', 'GNU.sparse.size': '9' } },
    /map of the sparse file/,
  ],
])('rejects %s', async (_what, entry, message) => {
  await expect(readOne(entry)).rejects.toMatchObject({
    exitCode: 1,
    message: expect.stringMatching(message),
  });
});
