import { describe, expect, test } from '@jest/globals';
import { open, readFile, stat, writeFile } from 'node:fs/promises';
import { checkFile } from '../../../src/image/inspect/check-file.ts';
import { openSquashfs } from '../../../src/formats/squashfs/read/open.ts';
import { HpcGatError } from '../../../src/support/errors.ts';
import { testContext } from '../../support/context.ts';
import { noise } from '../../image/noise.ts';
import { directory, fifo, filesOf, metadata, writtenImage, type Contents } from './written-image.ts';

/** Positions in the superblock. */
const superblock = {
  inodes: 4,
  root: 32,
  ids: 48,
  xattrs: 56,
  inodeTable: 64,
  directories: 72,
  fragments: 80,
  exports: 88,
};

/** An uncompressed image, with the positions of its parts. */
interface ParsedImage {
  readonly bytes: Buffer;
  readonly table: (name: keyof typeof superblock) => number;
  /** Returns the position of the inode of a path. */
  readonly inode: (path: string) => number;
  /** Returns the position of an entry in a listing: its name starts 8 bytes later. */
  readonly entry: (name: string) => number;
}

async function small({ file }: Contents) {
  const linked = await file(Buffer.from('in a fragment'));
  return directory({
    blocks: await file(noise(8192)),
    directory: directory({ inside: fifo() }),
    'linked-1': linked,
    'linked-2': linked,
    symbolic: { kind: 'symbolic-link', target: 'directory', metadata: metadata() },
    'with-xattr': fifo({ xattrs: new Map([['user.x', Buffer.from('value')]]) }),
  });
}

async function createImage(tree: (contents: Contents) => ReturnType<typeof small>) {
  const file = await writtenImage(tree, { compression: { codec: 'none' } });
  const bytes = await readFile(file);
  const numbers = new Map((await filesOf(file)).map(({ path, inode }) => [path, inode]));
  const handle = await open(file, 'r');
  const image = await openSquashfs(handle, { start: 0, sizeBytes: (await stat(file)).size }, file);
  await handle.close();
  const table = (name: keyof typeof superblock) => Number(bytes.readBigUInt64LE(superblock[name]));
  const found: ParsedImage = {
    bytes,
    table,
    inode: (path) => {
      const { from } = image.inodes.inode(numbers.get(path) ?? 0);
      return table('inodeTable') + 2 + from + 2 * Math.floor(from / 8192);
    },
    entry: (name) => bytes.indexOf(name, table('directories'), 'latin1') - 8,
  };
  return { file, ...found };
}

async function problemOf(file: string): Promise<unknown> {
  return await checkFile(file, testContext()).then(
    () => undefined,
    (error: unknown) => error,
  );
}

const noFragment = 0xffffffff;

describe('a manipulated image is reported by its first fault', () => {
  test.each<[string, RegExp, (image: ParsedImage) => void]>([
    ['a type that there is not', /unknown type 15/, (p) => p.bytes.writeUInt16LE(15, p.inode('/blocks'))],
    [
      'a number twice',
      /number 3, which is used twice or out of range/,
      (p) => p.bytes.writeUInt32LE(3, p.inode('/with-xattr') + 12),
    ],
    [
      'a mode of a directory',
      /has the mode 040755/,
      (p) => p.bytes.writeUInt16LE(0o40755, p.inode('/blocks') + 2),
    ],
    [
      'an owner that there is not',
      /refers to id 9 of 1/,
      (p) => p.bytes.writeUInt16LE(9, p.inode('/blocks') + 4),
    ],
    [
      'xattrs that there are not',
      /refers to xattr set 5 of 1/,
      (p) => p.bytes.writeUInt32LE(5, p.inode('/with-xattr') + 20),
    ],
    [
      'links that there are not',
      /should have 3 links, but has 2/,
      (p) => p.bytes.writeUInt32LE(3, p.inode('/linked-1') + 40),
    ],
    [
      'another parent',
      /its stored parent is 99/,
      (p) => p.bytes.writeUInt32LE(99, p.inode('/directory') + 28),
    ],
    [
      'blocks among the tables',
      /outside the contents/,
      (p) => p.bytes.writeUInt32LE(p.table('inodeTable') - 5000, p.inode('/blocks') + 16),
    ],
    [
      'blocks behind the end',
      /outside the contents/,
      (p) => p.bytes.writeUInt32LE(0xffffff00, p.inode('/blocks') + 16),
    ],
    [
      'a block of 16 MiB',
      /impossible length/,
      (p) => p.bytes.writeUInt32LE(0x1ffffff, p.inode('/blocks') + 32),
    ],
    [
      'a block that is too short',
      /4000 bytes instead of 4096/,
      (p) => p.bytes.writeUInt32LE(0x1000fa0, p.inode('/blocks') + 36),
    ],
    [
      'a file longer than its blocks',
      /extends past the end|unknown type|which is used twice or out of range/,
      (p) => p.bytes.writeUInt32LE(2 ** 31, p.inode('/blocks') + 28),
    ],
    [
      'a size of 2^63',
      /impossible size/,
      (p) => p.bytes.writeBigUInt64LE(2n ** 63n, p.inode('/linked-1') + 24),
    ],
    [
      'a fragment that there is not',
      /fragment 7 of 1/,
      (p) => p.bytes.writeUInt32LE(7, p.inode('/linked-1') + 44),
    ],
    [
      'no fragment, and no block',
      /extends past the end|unknown type|which is used twice or out of range|follow the last/,
      (p) => p.bytes.writeUInt32LE(noFragment, p.inode('/linked-1') + 44),
    ],
    [
      'an end behind the fragment',
      /ends at 113 of fragment 0, which has 13/,
      (p) => p.bytes.writeUInt32LE(100, p.inode('/linked-1') + 48),
    ],
    [
      'holes without empty blocks',
      /holes of 9 bytes, but 0 empty/,
      (p) => p.bytes.writeBigUInt64LE(9n, p.inode('/linked-1') + 32),
    ],
    [
      'a target of 2 GiB',
      /target of 2147483648 bytes/,
      (p) => p.bytes.writeUInt32LE(2 ** 31, p.inode('/symbolic') + 20),
    ],
    [
      'names in another order',
      /"directory" after "zlocks"/,
      (p) => p.bytes.write('z', p.entry('blocks') + 8),
    ],
    ['a name twice', /"linked-1" after "linked-1"/, (p) => p.bytes.write('1', p.entry('linked-2') + 15)],
    ['a name with a slash', /no file can have: "bl\/cks"/, (p) => p.bytes.write('/', p.entry('blocks') + 10)],
    [
      'a name of 4 KiB',
      /no file can have|extends past the end/,
      (p) => p.bytes.writeUInt16LE(4095, p.entry('blocks') + 6),
    ],
    [
      'an entry of another type',
      /has type 6, its inode 2/,
      (p) => p.bytes.writeUInt16LE(6, p.entry('blocks') + 4),
    ],
    [
      'an entry that leads beside its inode',
      /that inode is elsewhere/,
      (p) => p.bytes.writeUInt16LE(1, p.entry('blocks')),
    ],
    [
      'a header for 2^32 entries',
      /a header for 4294967296 entries/,
      (p) => p.bytes.writeUInt32LE(0xffffffff, p.entry('blocks') - 12),
    ],
    [
      'another place of a listing',
      /overlaps that of another|but no .* are there|refers to|extends past/,
      (p) => p.bytes.writeUInt16LE(3, p.inode('/directory') + 26),
    ],
    [
      'a fragment in a block',
      /overlaps another/,
      (p) => p.bytes.writeBigUInt64LE(100n, p.table('fragments') - 16),
    ],
    [
      'a fragment that is marked as compressed',
      /fragment block 0 .* cannot be decompressed/,
      (p) => p.bytes.writeUInt32LE(13, p.table('fragments') - 8),
    ],
    [
      'another place in the export table',
      /export table has inode 1/,
      (p) => p.bytes.writeBigUInt64LE(1n, p.table('exports') - 7 * 8),
    ],
    [
      'a list that leads astray',
      /the id table begins at|the list of the id table/,
      (p) => p.bytes.writeBigUInt64LE(2n ** 60n, p.table('ids')),
    ],
    [
      '2^32 inodes',
      /4294967295 entries in the export table/,
      (p) => p.bytes.writeUInt32LE(0xffffffff, superblock.inodes),
    ],
    ['one inode less', /bytes instead of 6 times 8/, (p) => p.bytes.writeUInt32LE(6, superblock.inodes)],
    [
      'a root that is no directory',
      /no directory begins/,
      (p) => p.bytes.writeBigUInt64LE(0n, superblock.root),
    ],
    ['a root elsewhere', /no directory begins/, (p) => p.bytes.writeBigUInt64LE(2n ** 63n, superblock.root)],
    [
      'a table in another',
      /export table has 16 bytes/,
      (p) => p.bytes.writeBigUInt64LE(BigInt(p.table('fragments')), superblock.exports),
    ],
    [
      'a table behind the end',
      /id table has the impossible offset/,
      (p) => p.bytes.writeBigUInt64LE(2n ** 40n, superblock.ids),
    ],
    [
      'tables in the superblock',
      /inode table has the offset 10,/,
      (p) => p.bytes.writeBigUInt64LE(10n, superblock.inodeTable),
    ],
    ['xattrs without end', /claims 70000 names/, (p) => p.bytes.writeUInt32LE(70_000, p.table('xattrs') - 8)],
    [
      'another length of xattrs',
      /differs from its stored size/,
      (p) => p.bytes.writeUInt32LE(1, p.table('xattrs') - 4),
    ],
    ['an unknown kind of xattr', /of type 7/, (p) => p.bytes.writeUInt16LE(7, p.bytes.indexOf('value') - 9)],
    [
      'an empty metadata block',
      /impossible length: 0/,
      (p) => p.bytes.writeUInt16LE(0x8000, p.table('inodeTable')),
    ],
  ])('%s', async (_what, message, doctor) => {
    const { file, ...places } = await createImage(small);
    doctor(places);
    await writeFile(file, places.bytes);
    const problem = await problemOf(file);
    expect(problem).toBeInstanceOf(HpcGatError);
    expect(String(problem)).toMatch(message);
  });

  test('a directory that contains itself, without an endless walk', async () => {
    const { file, bytes, entry, inode, table } = await createImage(small);
    const inside = entry('inside');
    bytes.writeUInt32LE(1, inside - 4);
    bytes.writeUInt16LE(inode('/') - table('inodeTable') - 2, inside);
    bytes.writeUInt16LE(1, inside + 4);
    await writeFile(file, bytes);
    expect(String(await problemOf(file))).toMatch(/directory 1 has a second name/);
    await expect(filesOf(file)).rejects.toThrow(/overlaps that of another/);
  });

  test('a directory index with a wrong position', async () => {
    const long = () =>
      directory(
        Object.fromEntries(
          Array.from({ length: 1000 }, (_none, at) => [`name-${at}-${'x'.repeat(30)}`, fifo()]),
        ),
      );
    const { file, bytes, inode, table } = await createImage(() => Promise.resolve(long()));
    const name = bytes.indexOf('name-', inode('/'));
    expect(name).toBeLessThan(table('directories'));
    bytes.write('N', name);
    await writeFile(file, bytes);
    expect(String(await problemOf(file))).toMatch(/the index of directory 1 has a wrong position for "Name-/);
  });

  test('a file that ends too early', async () => {
    const { file, bytes } = await createImage(small);
    for (const length of [0, 3, 50, 95, 96, 200, 5000, bytes.length - 1]) {
      await writeFile(file, bytes.subarray(0, length));
      expect(await problemOf(file)).toBeInstanceOf(HpcGatError);
    }
  });
});
