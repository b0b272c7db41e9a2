import { describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { listCache, formatPartName } from '../../../../src/image/convert/cache/list-cache.ts';
import { findIdentity, getOwnIdentity } from '../../../../src/support/processes/process-identity.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { layerBytes } from '../../layer-bytes.ts';
import { archived, digestOf, layout, namesIn, newPlace, sifOf } from './conversion.ts';

const text = (what: string, length: number) => Buffer.alloc(length, `${what} and so on, `);
const first = layerBytes([
  { name: 'large', data: text('large', 300_000) },
  { name: 'small', data: 'small' },
]);
const second = layerBytes([{ name: 'other', data: text('other', 250_000) }]);
const image = () => archived(layout([first, second]));

describe('a damaged entry is detected and replaced', () => {
  test.each<[string, (file: string, size: number) => Promise<void>]>([
    ['a byte of the blocks', (file) => flip(file, 100)],
    ['a byte of the index', (file, size) => flip(file, size - 100)],
    ['a byte of the lengths', (file, size) => flip(file, size - 20)],
    ['the mark at its end', (file, size) => flip(file, size - 1)],
    ['its end is missing', (file, size) => truncate(file, size - 30)],
    ['its middle is missing', (file, size) => cutOut(file, 10, size - 200)],
    ['it is empty', (file) => truncate(file, 0)],
    ['it is something else', (file) => writeFile(file, 'x'.repeat(5000))],
  ])('when damaged in %s', async (_what, damage) => {
    const cache = newPlace();
    const cold = await sifOf(await image(), { cache });
    const names = await namesIn(cache);
    const contents = await Promise.all(names.map((name) => readFile(path.join(cache.directory, name))));
    for (const [at, name] of names.entries()) {
      await damage(path.join(cache.directory, name), contents[at]?.length ?? 0);
    }
    expect(await sifOf(await image(), { cache })).toBe(cold);
    expect(await namesIn(cache)).toEqual(names);
    expect(await Promise.all(names.map((name) => readFile(path.join(cache.directory, name))))).toEqual(
      contents,
    );
  });

  test('with one count against the limits', async () => {
    const cache = newPlace();
    const limits = { unpackedBytes: 600_000, entries: 3, metadataBytes: 1e9 };
    const cold = await sifOf(await image(), { cache, limits });
    for (const name of await namesIn(cache)) {
      await flip(path.join(cache.directory, name), 1);
    }
    expect(await sifOf(await image(), { cache, limits })).toBe(cold);
  });

  async function flip(file: string, at: number): Promise<void> {
    const bytes = await readFile(file);
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    await writeFile(file, bytes);
  }

  async function cutOut(file: string, from: number, to: number): Promise<void> {
    const bytes = await readFile(file);
    await writeFile(file, Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]));
  }

  test('an entry with the name of another layer is not used', async () => {
    const cache = newPlace();
    const cold = await sifOf(await image(), { cache });
    const [one = '', other = ''] = await namesIn(cache);
    await copyFile(path.join(cache.directory, one), path.join(cache.directory, other));
    expect(await sifOf(await image(), { cache })).toBe(cold);
  });
});

describe('concurrently', () => {
  test('conversions write and read the same layers', async () => {
    const cold = await sifOf(await image());
    const cache = newPlace();
    for (let round = 0; round < 3; round += 1) {
      const made = await Promise.all(Array.from({ length: 4 }, async () => sifOf(await image(), { cache })));
      expect(made.every((sif) => sif === cold)).toBe(true);
      expect(await readdir(cache.directory)).toHaveLength(2);
    }
  });

  test('entries are removed while conversions read them', async () => {
    const cold = await sifOf(await image());
    const cache = newPlace();
    for (let round = 0; round < 5; round += 1) {
      await sifOf(await image(), { cache });
      const [made] = await Promise.all([
        sifOf(await archived(layout([first, second])), { cache, onProgress: () => void remove() }),
        remove(),
      ]);
      expect(made === cold).toBe(true);
    }
    async function remove(): Promise<void> {
      await rm(cache.directory, { recursive: true, force: true, maxRetries: 5 }).catch(() => undefined);
    }
  });
});

describe('the limit', () => {
  const layersOf = (count: number) =>
    Array.from({ length: count }, (_none, at) =>
      layerBytes([{ name: `file-${at}`, data: text(`${at}`, 5_000_000 + at) }]),
    );
  const sizes = async (cache: { directory: string }) => {
    const { entries } = await listCache(cache.directory, new Date());
    return entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  };

  test('evicts the least recently used layer', async () => {
    const stack = layersOf(3);
    const place = newPlace();
    for (const layer of stack) {
      await sifOf(await archived(layout([layer])), { cache: place });
    }
    const [oldest = ''] = await namesOf(stack.slice(0, 1), place);
    const past = new Date(Date.now() - 1000);
    for (const name of await namesIn(place)) {
      await utimes(path.join(place.directory, name), past, past);
    }
    // This use makes it the most recent.
    await sifOf(await archived(layout(stack.slice(0, 1))), { cache: place });
    const cache = { ...place, limitBytes: await sizes(place) };
    await sifOf(await archived(layout([second])), { cache });
    expect(await sizes(place)).toBeLessThanOrEqual(cache.limitBytes);
    const left = await namesIn(place);
    expect(left).toContain(oldest);
    expect(left.length).toBeLessThan(4);
    expect(left.some((name) => name.startsWith(digestOf(second).slice(7)))).toBe(true);
  });

  test('of zero disables the cache, and an oversized layer evicts nothing', async () => {
    const cold = await sifOf(await image());
    const none = newPlace(1);
    expect(await sifOf(await image(), { cache: none })).toBe(cold);
    expect(await namesIn(none)).toEqual([]);
    const cache = newPlace(20_000);
    await sifOf(await archived(layout([second])), { cache });
    expect(await namesIn(cache)).toHaveLength(1);
    await sifOf(await archived(layout([layerBytes([{ name: 'noise', data: noise(100_000) }])])), { cache });
    expect(await namesIn(cache)).toHaveLength(1);
  });

  async function namesOf(stack: readonly Buffer[], { directory }: { directory: string }): Promise<string[]> {
    const wanted = stack.map((layer) => digestOf(layer).slice(7));
    return (await readdir(directory)).filter((name) => wanted.some((hex) => name.startsWith(hex)));
  }

  function noise(length: number): Buffer {
    let state = 7;
    return Buffer.from(
      Array.from({ length }, () => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
        return (state >> 16) & 0xff;
      }),
    );
  }
});

test('files of a killed process are removed, files of a running one are not', async () => {
  const cache = newPlace();
  await mkdir(cache.directory, { recursive: true });
  const child = spawn('sleep', ['60']);
  const dead = findIdentity(child.pid ?? 0) ?? { host: '', pid: 0, startTicks: 0 };
  child.kill('SIGKILL');
  await once(child, 'exit');
  const elsewhere = { host: 'another-node', pid: 1, startTicks: 1 };
  const put = async (name: string, hoursAgo: number) => {
    const file = path.join(cache.directory, name);
    await writeFile(file, 'half');
    const then = new Date(Date.now() - hoursAgo * 3_600_000);
    await utimes(file, then, then);
  };
  await put(formatPartName(dead, 1), 0);
  await put(formatPartName(getOwnIdentity(), 999), 5);
  await put(formatPartName(elsewhere, 1), 0.5);
  await put(formatPartName(elsewhere, 2), 2);
  await put('notes of mine', 1000);
  await sifOf(await image(), { cache });
  const left = (await readdir(cache.directory)).filter((name) => !/^[0-9a-f]{64}/.test(name)).sort();
  expect(left).toEqual(
    ['notes of mine', formatPartName(elsewhere, 1), formatPartName(getOwnIdentity(), 999)].sort(),
  );
});

test('a read-only cache is reported, and the image is converted', async () => {
  const directory = path.join(temporaryDirectory(), 'a-file');
  await writeFile(directory, '');
  const warnings: string[] = [];
  const made = await sifOf(await image(), {
    cache: { directory, limitBytes: 1e9 },
    onWarning: (message) => warnings.push(message),
  });
  expect(made).toBe(await sifOf(await image()));
  expect(warnings).toHaveLength(2);
  expect(warnings[0]).toMatch(/^the converted layer was not added to the cache: (EEXIST|ENOTDIR)/);
});
