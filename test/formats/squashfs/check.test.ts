import { describe, expect, test } from '@jest/globals';
import { readFile, stat } from 'node:fs/promises';
import { checkFile, type CheckReport } from '../../../src/image/inspect/check-file.ts';
import { formatLongLine } from '../../../src/image/inspect/file-lines.ts';
import type { Compression } from '../../../src/formats/squashfs/compression.ts';
import { testContext } from '../../support/context.ts';
import { noise } from '../../image/noise.ts';
import { directory, everything, fifo, filesOf, metadata, writtenImage } from './written-image.ts';

const codecs: Compression[] = [{ codec: 'gzip', level: 6 }, { codec: 'zstd', level: 3 }, { codec: 'none' }];

function check(file: string): Promise<CheckReport> {
  return checkFile(file, testContext());
}

describe.each(codecs)('an image written with %o', (compression) => {
  test.each([4096, 8192, 131_072, 1_048_576])('is valid in blocks of %i', async (blockBytes) => {
    const file = await writtenImage(everything, { compression, blockBytes });
    const { fileSystems, sif } = await check(file);
    expect(sif).toBeUndefined();
    expect(fileSystems).toEqual([
      {
        object: undefined,
        superblock: {
          codec: compression.codec,
          level: compression.codec === 'none' ? undefined : compression.level,
          blockSizeBytes: blockBytes,
          usedBytes: (await stat(file)).size,
        },
        inodes: {
          directory: 3,
          file: 6,
          'symbolic-link': 1,
          'block-device': 1,
          'character-device': 1,
          fifo: 1,
        },
        names: 13,
        ids: 4,
        xattrSets: 2,
        isExportable: true,
        blocks: blockBytes === 4096 ? 6 : blockBytes === 8192 ? 3 : 0,
        fragments: 1,
        unusedBytes: 0,
      },
    ]);
  });

  test('is listed with the entries that were written', async () => {
    const listed = await filesOf(await writtenImage(everything, { compression }));
    expect(listed.map(formatLongLine)).toEqual([
      'drwxr-xr-x 0/0                   0 2023-11-14 22:13 /',
      'drwxr-xr-x 0/0                   0 2023-11-14 22:13 /a-directory',
      'drwxrwxrwt 0/0                   0 2023-11-14 22:13 /a-directory/below',
      '-rwxr-xr-x 4242/200000           6 2023-11-14 22:13 /a-directory/linked',
      'lrwxrwxrwx 0/0                  18 2023-11-14 22:13 /a-link -> a-directory/linked',
      '-rwxr-xr-x 0/0                8222 2023-11-14 22:13 /blocks',
      'crw-rw-rw- 0/0                 1,3 2023-11-14 22:13 /character-device',
      'brwxr-xr-x 0/0           259,70000 2023-11-14 22:13 /disk',
      '-rwxr-xr-x 0/0                   0 2023-11-14 22:13 /empty',
      '-rwxr-xr-x 0/0               20003 2023-11-14 22:13 /hole',
      '-rwxr-xr-x 4242/200000           6 2023-11-14 22:13 /linked',
      'prw--w--w- 0/0                   0 2023-11-14 22:13 /pipe',
      '-rwxr-xr-x 0/0                8222 2023-11-14 22:13 /same',
      '-rws--x--x 0/100              5400 2023-11-14 22:13 /text',
    ]);
    const of = (path: string) => listed.find((file) => file.path === path);
    expect(of('/linked')).toMatchObject({ inode: of('/a-directory/linked')?.inode, links: 2 });
    expect(of('/blocks')?.xattrs).toEqual(['trusted.t', 'user.shared']);
    expect(of('/disk')?.xattrs).toEqual(of('/blocks')?.xattrs);
    expect(of('/pipe')?.xattrs).toEqual(['security.capability']);
  });
});

test('checks a directory of 70,000 names, with an index', async () => {
  const names = Array.from({ length: 70_000 }, (_none, at) => `name-${at}`);
  const file = await writtenImage(() =>
    directory({ many: directory(Object.fromEntries(names.map((name) => [name, fifo()]))) }),
  );
  await expect(check(file)).resolves.toMatchObject({ fileSystems: [{ names: 70_001 }] });
  expect((await filesOf(file)).slice(2).map(({ path }) => path)).toEqual(
    names.map((name) => `/many/${name}`).sort(),
  );
});

test('checks the maximum number of owners', async () => {
  const owned = (id: number) => [`of-${id}`, fifo({ uid: id, gid: id })] as const;
  const files = Array.from({ length: 65_535 }, (_none, id) => owned(id));
  const file = await writtenImage(() => directory(Object.fromEntries(files)));
  await expect(check(file)).resolves.toMatchObject({ fileSystems: [{ ids: 65_535 }] });
});

test('checks a 4 GiB file of one hole, xattrs of more than 64 KiB, and deep directories', async () => {
  const large = new Map(Array.from({ length: 40 }, (_none, at) => [`user.x${at}`, Buffer.alloc(60_000, at)]));
  let deep = directory();
  for (let depth = 0; depth < 5000; depth += 1) {
    deep = directory({ d: deep });
  }
  const file = await writtenImage(
    async ({ sparse }) =>
      directory({ deep, pipe: fifo({ xattrs: large }), sparse: await sparse(4 * 2 ** 30, 'end') }),
    { blockBytes: 1024 * 1024 },
  );
  await expect(check(file)).resolves.toMatchObject({
    fileSystems: [{ names: 5003, xattrSets: 1, blocks: 1 }],
  });
  expect((await stat(file)).size).toBeLessThan(200_000);
});

test('prints names as text, without terminal control characters', async () => {
  const file = await writtenImage(() =>
    directory({
      '\x1b[31m': fifo(),
      'caf\xc3\xa9': fifo(),
      'caf\xe9': { kind: 'symbolic-link', target: 'a\nb', metadata: metadata() },
    }),
  );
  expect((await filesOf(file)).slice(1).map((one) => formatLongLine(one).slice(52))).toEqual([
    '/\\x1b[31m',
    '/café',
    '/caf\\xe9 -> a\\nb',
  ]);
});

test.each([4096, 131_072, 1_048_576])(
  'writes the same file with blocks of %i bytes at any concurrency',
  async (blockBytes) => {
    const data = noise(300_000);
    const made = [1, 2, 7].map(async (threads) => {
      const compression = { codec: 'zstd', level: 3 } as const;
      const name = await writtenImage(
        async ({ file }) => directory({ large: await file(data), tail: await file(data.subarray(5)) }),
        { compression, blockBytes, threads },
      );
      return readFile(name);
    });
    const [one, ...others] = await Promise.all(made);
    expect(others.every((other) => one?.equals(other))).toBe(true);
  },
);
