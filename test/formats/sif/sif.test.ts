import { describe, expect, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { decodeSuperblock } from '../../../src/formats/squashfs/read/superblock.ts';
import { readSifFacts, verifySif } from '../../../src/image/make/verify.ts';
import { HpcGatError } from '../../../src/support/errors.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { sifBytes, superblock, type SifBytes } from '../../image/sif-bytes.ts';

async function written(bytes: Buffer): Promise<string> {
  const file = path.join(temporaryDirectory(), 'x.sif');
  await writeFile(file, bytes);
  return file;
}

const wanted = { compression: { codec: 'zstd', level: 3 }, architecture: 'amd64' } as const;

describe('a valid SIF', () => {
  test('is read', async () => {
    const facts = await readSifFacts(await written(sifBytes()));
    expect(facts).toMatchObject({
      sizeBytes: 40960,
      architecture: 'amd64',
      superblock: { codec: 'zstd', level: 3, blockSizeBytes: 131072, inodes: 7, usedBytes: 4000 },
    });
  });

  test('matches the request that it was made for', async () => {
    await expect(verifySif(await written(sifBytes()), wanted)).resolves.toMatchObject({ sizeBytes: 40960 });
    const plain = await written(sifBytes({ codecId: 1, flags: 0x1cb }));
    await expect(verifySif(plain, { ...wanted, compression: { codec: 'none' } })).resolves.toBeDefined();
    // mksquashfs writes no options for gzip at its default level.
    const gzip = await written(sifBytes({ codecId: 1, flags: 0xc0 }));
    await expect(
      verifySif(gzip, { ...wanted, compression: { codec: 'gzip', level: 9 } }),
    ).resolves.toBeDefined();
  });

  test.each<[string, SifBytes]>([
    ['another codec', { codecId: 1 }],
    ['another level', { level: 15 }],
    ['another architecture', { architecture: '04' }],
  ])('is rejected for a request with %s', async (_what, bytes) => {
    await expect(verifySif(await written(sifBytes(bytes)), wanted)).rejects.toThrow(/zstd:3|amd64/);
  });
});

describe('a broken SIF', () => {
  test.each<[string, Buffer, RegExp]>([
    ['nothing', Buffer.alloc(0), /not a SIF/],
    ['text', Buffer.from('x'.repeat(5000)), /not a SIF/],
    ['cut in the header', sifBytes().subarray(0, 100), /not a SIF/],
    ['cut in the table', sifBytes().subarray(0, 20_000), /ends inside its table/],
    ['cut in the partition', sifBytes().subarray(0, 40_000), /960 bytes after the end/],
    ['no partition', sifBytes({ partitions: 0 }), /0 primary system partitions/],
    ['two partitions', sifBytes({ partitions: 2 }), /2 primary system partitions/],
    ['a data partition only', sifBytes({ partitionKind: 3 }), /0 primary system partitions/],
    ['an ext3 partition', sifBytes({ fileSystem: 2 }), /not a squashfs/],
    ['two architectures', sifBytes({ headerArchitecture: '04' }), /two architectures: arm64/],
    ['an unknown architecture', sifBytes({ architecture: '77' }), /unknown/],
    [
      'a file system longer than its partition',
      sifBytes({ usedBytes: 5000n }),
      /5000 bytes in a partition of 4096/,
    ],
    ['a version of the future', patched(sifBytes(), (b) => b.write('02', 42)), /unknown version "02"/],
    [
      'a billion descriptors',
      patched(sifBytes(), (b) => b.writeBigInt64LE(10n ** 9n, 88)),
      /1000000000 descriptors/,
    ],
    [
      'a negative place',
      patched(sifBytes(), (b) => b.writeBigInt64LE(-1n, 4096 + 17)),
      /impossible offset of object 1: -1/,
    ],
    [
      'a size of 2^63 - 1',
      patched(sifBytes(), (b) => b.writeBigInt64LE(2n ** 63n - 1n, 4096 + 25)),
      /impossible size/,
    ],
    [
      'a table behind the end',
      patched(sifBytes(), (b) => b.writeBigInt64LE(10n ** 12n, 96)),
      /ends inside its table/,
    ],
  ])('is rejected: %s', async (_what, bytes, message) => {
    const reading = readSifFacts(await written(bytes));
    await expect(reading).rejects.toThrow(HpcGatError);
    await expect(reading).rejects.toThrow(message);
  });

  test('gives an answer or a clear error for any damaged byte of the header, the first descriptor or the superblock', async () => {
    const file = path.join(temporaryDirectory(), 'x.sif');
    const regions = [...range(0, 128), ...range(4096, 4096 + 220), ...range(36864, 36864 + 110)];
    const outcomes = new Set<string>();
    for (const at of regions) {
      const bytes = sifBytes();
      bytes[at] = (bytes[at] ?? 0) ^ 0xff;
      await writeFile(file, bytes);
      const outcome = await readSifFacts(file).then(
        () => 'read',
        (error: unknown) => (error instanceof HpcGatError ? 'refused' : String(error)),
      );
      outcomes.add(outcome);
    }
    expect([...outcomes].sort()).toEqual(['read', 'refused']);
  });
});

describe('parseSuperblock', () => {
  test.each<[string, Buffer, RegExp]>([
    ['too short', superblock().subarray(0, 95), /not a squashfs/],
    ['another magic', patched(superblock(), (b) => b.write('sqsh', 0)), /not a squashfs/],
    ['version 3.1', patched(superblock(), (b) => b.writeUInt32LE(0x00010003, 28)), /squashfs 3.1/],
    ['blocks of 2 MiB', superblock({ blockLog: 21 }), /impossible block size/],
    ['sizes that contradict', patched(superblock(), (b) => b.writeUInt16LE(16, 22)), /impossible block size/],
    ['codec 9', superblock({ codecId: 9 }), /unknown codec: 9/],
    ['no length', superblock({ usedBytes: 0n }), /impossible length/],
    ['a length of 2^64 - 1', superblock({ usedBytes: 2n ** 64n - 1n }), /impossible length/],
  ])('rejects %s', (_what, bytes, message) => {
    expect(() => decodeSuperblock(bytes, 'x.sif')).toThrow(message);
  });

  test('accepts a partition that ends before the options', () => {
    expect(decodeSuperblock(superblock().subarray(0, 96), 'x.sif').level).toBeUndefined();
  });
});

function patched(bytes: Buffer, patch: (bytes: Buffer) => void): Buffer {
  patch(bytes);
  return bytes;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
