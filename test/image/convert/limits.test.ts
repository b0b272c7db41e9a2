import { describe, expect, test } from '@jest/globals';
import { UsageLimiter, parseSize } from '../../../src/image/convert/limits.ts';
import { IdTable } from '../../../src/formats/squashfs/write/tables.ts';
import type { TarEntry } from '../../../src/formats/tar/tar-entry.ts';
import { UsageError } from '../../../src/support/errors.ts';

const entry: TarEntry = {
  ...{
    kind: 'file',
    name: 'a/name',
    linkName: '',
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: 0,
    major: 0,
    minor: 0,
  },
  xattrs: new Map(),
  sizeBytes: 10,
};

const limits = { unpackedBytes: 2 ** 30, entries: 1000, metadataBytes: 2 ** 30 };

describe('an image beyond a limit is rejected', () => {
  test('when it has too many entries', () => {
    const limiter = new UsageLimiter({ ...limits, entries: 2 }, 4096);
    limiter.addEntry(entry, 'the layer');
    limiter.addEntry(entry, 'the layer');
    expect(() => {
      limiter.addEntry(entry, 'the layer');
    }).toThrow('the layer, at "a/name": the image has more than 2 entries');
  });

  test('when its names and xattrs exceed the memory', () => {
    const limiter = new UsageLimiter({ ...limits, metadataBytes: 100_000 }, 4096);
    const large = { ...entry, xattrs: new Map([['user.large', Buffer.alloc(60_000)]]) };
    limiter.addEntry(large, 'the layer');
    expect(() => {
      limiter.addEntry(large, 'the layer');
    }).toThrow(/take more memory than this process has/);
  });

  test('when its files have more blocks than fit into memory, in holes too', () => {
    const sparse = { ...entry, sizeBytes: 100 * 4096, runs: [] };
    const take = (blockBytes: number) => () => {
      new UsageLimiter({ ...limits, metadataBytes: 10_000 }, blockBytes).addEntry(sparse, 'the layer');
    };
    expect(take(4096)).toThrow(/block lists .* take more memory/);
    expect(take(131_072)).not.toThrow();
  });

  test('when it has more owners than squashfs can hold', () => {
    const ids = new IdTable();
    for (let id = 0; id < 65_535; id += 1) {
      ids.placeOf(id);
    }
    expect(() => ids.placeOf(65_535)).toThrow(/more than 65,535 different users and groups/);
  });
});

test('sizes are parsed with their units', () => {
  expect(['1', '2K', '3m', '500G', '1T'].map(parseSize)).toEqual([
    1,
    2048,
    3 * 2 ** 20,
    500 * 2 ** 30,
    2 ** 40,
  ]);
});

test.each(['', '0', '-1', '1.5G', '10P', '99999999T', 'much'])('%s is rejected as a size', (text) => {
  expect(() => parseSize(text)).toThrow(UsageError);
});
