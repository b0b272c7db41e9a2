import { describe, expect, test } from '@jest/globals';
import { readdir, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { main } from '../../../../src/main.ts';
import type { ConversionProgress } from '../../../../src/image/convert/conversion-watch.ts';
import type { ImageSource } from '../../../../src/image/source/source.ts';
import { answerJson, fakeDaemon, imageId, inspectAnswer } from '../../../docker/fake-daemon.ts';
import { fakeRegistry, reply } from '../../../registry/fake-registry.ts';
import { testContext } from '../../../support/context.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { oddLayers } from '../../corpus/generate.ts';
import { tarOf } from '../../corpus/tar.ts';
import { layerBytes } from '../../layer-bytes.ts';
import { configOf, OciBytes } from '../../oci-bytes.ts';
import { savedByDocker20, savedByDocker25 } from '../../saved-image.ts';
import { archived, digestOf, layout, namesIn, newPlace, sifOf } from './conversion.ts';
import { openLayers } from '../../open-layers.ts';

/** Returns compressible content that no other file contains. */
const text = (what: string, length: number) => Buffer.alloc(length, `${what} and so on, `);

const base = layerBytes([
  { name: 'large', data: text('large', 300_000) },
  { name: 'hidden', data: text('hidden', 200_000) },
  { name: 'small', data: 'small' },
  { name: 'zeros', data: Buffer.alloc(400_000) },
]);
const middle = layerBytes([
  { name: '.wh.hidden' },
  { name: 'copy', data: text('large', 300_000) },
  { name: 'linked', type: '1', link: 'large' },
]);
const top = (what: string) => layerBytes([{ name: 'top', data: text(what, 150_000) }]);
const layers = [base, middle, top('first')];

const gzip = (layer: Buffer) => gzipSync(layer);
const zstd = (layer: Buffer) => zstdCompressSync(layer);
const plain = (layer: Buffer) => layer;

describe('an image with cached layers gives the same bytes', () => {
  test.each([
    ['plain layers', plain],
    ['gzip layers', gzip],
    ['zstd layers', zstd],
  ])('from an archive of %s', async (_what, store) => {
    const cold = await sifOf(await archived(layout(layers, store)));
    const cache = newPlace();
    expect(await sifOf(await archived(layout(layers, store)), { cache })).toBe(cold);
    expect(await namesIn(cache)).toHaveLength(3);
    expect(await sifOf(await archived(layout(layers, store)), { cache, threads: 7 })).toBe(cold);
  });

  test.each([
    ['Docker 20', savedByDocker20(layers, 'x:1')],
    ['Docker 25', savedByDocker25(layers, 'x:1')],
    ['Docker 25 with gzip layers', savedByDocker25(layers, 'x:1', gzip)],
  ])('from an archive of %s', async (_what, archive) => {
    const cold = await sifOf(await archived(archive, 'docker-archive'));
    const cache = newPlace();
    await sifOf(await archived(archive, 'docker-archive'), { cache });
    expect(await namesIn(cache)).toHaveLength(3);
    expect(await sifOf(await archived(archive, 'docker-archive'), { cache })).toBe(cold);
  });

  test('from a compressed archive, whose layers equal those of the uncompressed one', async () => {
    const archive = savedByDocker25(layers, 'x:1');
    const cache = newPlace();
    const cold = await sifOf(await archived(gzip(archive), 'docker-archive'), { cache });
    const kept = await namesIn(cache);
    expect(kept).toHaveLength(3);
    expect(await sifOf(await archived(gzip(archive), 'docker-archive'), { cache })).toBe(cold);
    expect(await sifOf(await archived(archive, 'docker-archive'), { cache })).toBe(cold);
    expect(await namesIn(cache)).toEqual(kept);
  });

  test.each([
    [{ codec: 'gzip', level: 6 }, 131_072],
    [{ codec: 'none' }, 131_072],
    [{ codec: 'zstd', level: 3 }, 4096],
    [{ codec: 'zstd', level: 3 }, 1_048_576],
    [{ codec: 'zstd', level: 19 }, 131_072],
  ] as const)(
    'with %j in blocks of %i bytes, each combination for itself',
    async (compression, blockBytes) => {
      const form = { compression, blockBytes };
      const cold = await sifOf(await archived(layout(layers)), form);
      const cache = newPlace();
      await sifOf(await archived(layout(layers)), { cache, compression: { codec: 'zstd', level: 1 } });
      await sifOf(await archived(layout(layers)), { cache, ...form });
      expect(await namesIn(cache)).toHaveLength(6);
      expect(await sifOf(await archived(layout(layers)), { cache, ...form })).toBe(cold);
    },
  );

  test('with any content: links, whiteouts, devices, xattrs, holes, odd names and times', async () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const odd = oddLayers(seed).map(tarOf);
      const cold = await sifOf(await archived(layout(odd)));
      const cache = newPlace();
      await sifOf(await archived(layout(odd)), { cache });
      expect([seed, (await sifOf(await archived(layout(odd)), { cache })) === cold]).toEqual([seed, true]);
    }
  });

  test('when its layers come in another order, or twice', async () => {
    const order = [top('second'), base, middle, base, top('first')];
    const cold = await sifOf(await archived(layout(order)));
    const cache = newPlace();
    await sifOf(await archived(layout(layers)), { cache });
    expect(await sifOf(await archived(layout(order)), { cache })).toBe(cold);
  });
});

describe('a change in the top layer', () => {
  test('leaves the layers below uncompressed only once', async () => {
    const cold = await sifOf(await archived(layout([base, middle, top('second')], gzip)));
    const cache = newPlace();
    await sifOf(await archived(layout([base, middle, top('first')], gzip)), { cache });
    const before = await namesIn(cache);
    const image = await archived(layout([base, middle, top('second')], gzip));
    const read: string[] = [];
    const watched = {
      ...image,
      layers: async function* (reading: Parameters<typeof image.layers>[0]) {
        for await (const layer of image.layers(reading)) {
          async function* bytes() {
            read.push(layer.name);
            yield* layer.bytes;
          }
          yield { ...layer, bytes: bytes() };
        }
      },
    };
    expect(await sifOf(watched, { cache })).toBe(cold);
    expect(read).toEqual([digestOf(gzip(top('second')))]);
    expect(await namesIn(cache)).toEqual(expect.arrayContaining(before));
    expect(await namesIn(cache)).toHaveLength(4);
  });

  test('downloads only itself from a registry', async () => {
    const cache = newPlace();
    const asked = async (stack: readonly Buffer[]) => {
      const oci = new OciBytes();
      const { digest, mediaType } = oci.layered(stack, { store: gzip });
      const wanted: string[] = [];
      await using registry = await fakeRegistry((request: IncomingMessage, response: ServerResponse) => {
        const name = request.url?.split('/').at(-1) ?? '';
        wanted.push(name);
        const body = oci.blobs.get(name === 'v1' ? digest : name);
        reply(response, body === undefined ? 404 : 200, body, { 'content-type': mediaType });
      });
      const source: ImageSource = { kind: 'docker', name: `${registry.host}/lab/x:v1`, plainHttp: true };
      const sif = await sifOf(await openLayers(source, testContext()), { cache });
      return { sif, layers: stack.map((layer) => wanted.includes(digestOf(gzip(layer)))) };
    };
    const first = await asked([base, middle, top('first')]);
    expect(first.layers).toEqual([true, true, true]);
    const second = await asked([base, middle, top('second')]);
    expect(second.layers).toEqual([false, false, true]);
    expect(second.sif).toBe(await sifOf(await archived(layout([base, middle, top('second')], gzip))));
    expect((await asked([base, middle, top('second')])).layers).toEqual([false, false, false]);
  });

  test("compresses only itself from a daemon's stream that names its layers", async () => {
    const cache = newPlace();
    const cold = await sifOf(await archived(savedByDocker25(layers, 'x:1'), 'docker-archive'));
    const fromDaemon = async (stream: Buffer) => {
      const { rootfs } = configOf(layers) as { rootfs: { diff_ids: string[] } };
      await using daemon = await fakeDaemon((wanted, response) => {
        if (wanted.startsWith(`/images/${imageId}/get`)) {
          response.end(stream);
        } else {
          answerJson(response, 200, inspectAnswer({ RootFS: { Type: 'layers', Layers: rootfs.diff_ids } }));
        }
      });
      const context = testContext({ env: { DOCKER_HOST: daemon.url } });
      return await sifOf(await openLayers({ kind: 'docker-daemon', name: 'x:1' }, context), { cache });
    };
    expect(await fromDaemon(savedByDocker25(layers, 'x:1'))).toBe(cold);
    expect(await fromDaemon(savedByDocker25(layers, 'x:1'))).toBe(cold);
    expect(await fromDaemon(savedByDocker20(layers, 'x:1'))).toBe(cold);
    expect(await namesIn(cache)).toHaveLength(3);
    const damaged = Buffer.from(savedByDocker25(layers, 'x:1'));
    const at = damaged.indexOf('large and so on');
    damaged.write('LARGE', at);
    await expect(fromDaemon(damaged)).rejects.toThrow(/has the digest sha256:/);
  });
});

describe('a cached layer is verified', () => {
  test('against the digest of its manifest', async () => {
    const cache = newPlace();
    await sifOf(await archived(layout(layers, gzip)), { cache });
    const damaged = layout(layers, gzip);
    const at = damaged.indexOf(gzip(base)) + 40;
    damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at);
    await expect(sifOf(await archived(damaged), { cache })).rejects.toThrow(
      new RegExp(`its layer ${digestOf(gzip(base))} has the digest sha256:`),
    );
  });

  test('before its SIF gets its name', async () => {
    const directory = temporaryDirectory();
    const context = testContext({ cwd: directory, env: { XDG_CACHE_HOME: path.join(directory, 'cache') } });
    const sifFrom = async (archive: Buffer, name: string) => {
      await writeFile(path.join(directory, 'image.tar'), archive);
      return await main(['make-sif', 'oci-archive:image.tar', '--engine', 'native', '-o', name], context);
    };
    expect(await sifFrom(layout(layers, gzip), 'first.sif')).toBe(0);
    const damaged = layout(layers, gzip);
    const at = damaged.indexOf(gzip(middle)) + 40;
    damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at);
    expect(await sifFrom(damaged, 'second.sif')).toBe(1);
    expect(context.messages.join('\n')).toMatch(/its layer sha256:\w+ has the digest sha256:/);
    expect((await readdir(directory)).sort()).toEqual(['cache', 'first.sif', 'first.sif.json', 'image.tar']);
  });

  test('against the diff_id of an image that names another', async () => {
    const cache = newPlace();
    await sifOf(await archived(layout(layers, gzip)), { cache });
    const oci = new OciBytes();
    const config = configOf([base, middle, top('of another image')]);
    const falsified = oci.add(oci.layered(layers, { store: gzip, config })).tar();
    await expect(sifOf(await archived(falsified), { cache })).rejects.toThrow(
      /has the digest sha256:.*, not sha256:/,
    );
  });

  test('until the conversion is cancelled', async () => {
    const cache = newPlace();
    await sifOf(await archived(layout(layers)), { cache });
    const cancelling = new AbortController();
    const cancel = () => {
      cancelling.abort(new Error('that is enough'));
    };
    const cancelled = sifOf(await archived(layout(layers)), {
      cache,
      signal: cancelling.signal,
      onProgress: cancel,
    });
    await expect(cancelled).rejects.toThrow('that is enough');
    expect(await namesIn(cache)).toHaveLength(3);
  });

  test('with progress that counts every stored byte once', async () => {
    const cache = newPlace();
    await sifOf(await archived(layout(layers)), { cache });
    const reported: ConversionProgress[] = [];
    const image = await archived(layout(layers));
    await sifOf(image, { cache, onProgress: (progress) => reported.push(progress) });
    const counted = reported.filter(({ layer }) => layer !== undefined);
    expect(counted.at(-1)).toMatchObject({ doneBytes: image.totalBytes, totalBytes: image.totalBytes });
    expect(counted.filter(({ layer }) => layer?.doneBytes === layer?.totalBytes)).toHaveLength(3);
  });

  test('against the limits', async () => {
    const cache = newPlace();
    await sifOf(await archived(layout(layers)), { cache });
    const limits = { unpackedBytes: 1_000_000, entries: 100, metadataBytes: 1e9 };
    for (const small of [{ unpackedBytes: 900_000 }, { entries: 3 }, { metadataBytes: 2000 }]) {
      const within = sifOf(await archived(layout(layers)), { cache, limits: { ...limits, ...small } });
      await expect(within).rejects.toThrow(/unpacks to more than|more than 3 entries|more memory than/);
    }
  });
});
