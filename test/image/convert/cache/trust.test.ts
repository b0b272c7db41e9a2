import { expect, test } from '@jest/globals';
import { chmod, chown, lstat, readFile, rename, symlink } from 'node:fs/promises';
import path from 'node:path';
import { getCacheConfig, getTrustedCacheConfig } from '../../../../src/image/convert/cache/cache-config.ts';
import { BlockCache } from '../../../../src/image/convert/cache/block-cache.ts';
import { parseCompression } from '../../../../src/formats/squashfs/compression.ts';
import { FileThreads } from '../../../../src/support/threads/file-threads.ts';
import { testContext } from '../../../support/context.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { layerBytes } from '../../layer-bytes.ts';
import { archived, digestOf, layout, namesIn, newPlace, sifOf } from './conversion.ts';

const layer = layerBytes([{ name: 'large', data: Buffer.alloc(300_000, 'large and so on, ') }]);
const asRoot = process.getuid?.() === 0 ? test : test.skip;

/** Creates a cache entry, and returns whether it is used. */
async function cached() {
  const place = newPlace();
  await sifOf(await archived(layout([layer])), { cache: place });
  const [name = ''] = await namesIn(place);
  const fileThreads = new FileThreads(1, new AbortController().signal);
  const form = { compression: parseCompression('zstd:3'), blockBytes: 128 * 1024 };
  const isTaken = async () => {
    try {
      const cache = new BlockCache(place, form, fileThreads);
      const opened = await cache.open(digestOf(layer));
      await opened?.close();
      return [await cache.has(digestOf(layer)), opened !== undefined];
    } finally {
      fileThreads.close();
    }
  };
  return { place, file: path.join(place.directory, name), isTaken };
}

test('an entry of the user is used', async () => {
  expect(await (await cached()).isTaken()).toEqual([true, true]);
});

test('a world-writable entry is neither used nor removed', async () => {
  const { file, isTaken } = await cached();
  await chmod(file, 0o666);
  expect(await isTaken()).toEqual([false, false]);
  expect((await lstat(file)).isFile()).toBe(true);
});

test('an entry that is a link is not used', async () => {
  const { file, isTaken } = await cached();
  await rename(file, `${file}.real`);
  await symlink(`${file}.real`, file);
  expect((await isTaken())[1]).toBe(false);
});

asRoot('an entry of another user is not taken: the layer is converted, and replaces it', async () => {
  const { file, place, isTaken } = await cached();
  await chown(file, 54_321, 54_321);
  expect(await isTaken()).toEqual([false, false]);
  await sifOf(await archived(layout([layer])), { cache: place });
  expect((await lstat(file)).uid).toBe(0);
  expect((await readFile(file)).length).toBeGreaterThan(0);
});

test('a directory that others can write is not used as a cache, with a warning', async () => {
  const directory = temporaryDirectory();
  const context = testContext();
  const place = getCacheConfig({ folder: directory }, context);
  expect(await getTrustedCacheConfig(place, context)).toEqual(place);
  await chmod(directory, 0o777);
  expect(await getTrustedCacheConfig(place, context)).toBeUndefined();
  expect(context.messages).toEqual([
    expect.stringMatching(
      /^warning: the layer cache .* is not used: it belongs to \w+ and can be changed by everybody \(mode 0777\); fix: .*chmod go-w/,
    ),
  ]);
  expect(
    await getTrustedCacheConfig(getCacheConfig({ folder: path.join(directory, 'new') }, context), context),
  ).toBeDefined();
});
