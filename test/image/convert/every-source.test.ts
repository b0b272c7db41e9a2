import { beforeAll, describe, expect, test } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import path from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { getDefaultLimits } from '../../../src/image/convert/limits.ts';
import { convertImage } from '../../../src/image/convert/native-engine.ts';
import type { LayeredImage } from '../../../src/image/source/layers/layered-image.ts';
import { parseSource, type ImageSource } from '../../../src/image/source/source.ts';
import { hashBytes } from '../../../src/support/files/digest.ts';
import { FileThreads } from '../../../src/support/threads/file-threads.ts';
import { answerJson, fakeDaemon, imageId, inspectAnswer } from '../../docker/fake-daemon.ts';
import { fakeRegistry, reply } from '../../registry/fake-registry.ts';
import { testContext } from '../../support/context.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { layerBytes } from '../layer-bytes.ts';
import { noise } from '../noise.ts';
import { configOf, OciBytes } from '../oci-bytes.ts';
import { savedByDocker20, savedByDocker25 } from '../saved-image.ts';
import { openLayers } from '../open-layers.ts';

const tag = 'lab/image:1';
const compression = { codec: 'zstd', level: 3 } as const;

const first = layerBytes([
  { name: 'large', data: noise(300_000, 1) },
  { name: 'hidden', data: noise(200_000, 2) },
  { name: 'small', data: 'small' },
]);
const second = layerBytes([
  { name: '.wh.hidden' },
  { name: 'linked', type: '1', link: 'large' },
  { name: 'copy', data: noise(300_000, 1) },
  { name: 'own', data: noise(150_000, 3) },
]);
const empty = Buffer.alloc(1024);
const others = Array.from({ length: 6 }, (_none, at) =>
  layerBytes([{ name: `file-${at}`, data: noise(140_000 + at * 999, 10 + at) }]),
);
/** The same layer twice: links to the first copy of its file do not refer to the second one. */
const layers = [first, empty, second, ...others, first, empty];

async function sifOf(image: LayeredImage): Promise<Buffer> {
  const output = path.join(temporaryDirectory(), 'x.sif');
  const origin = { bootstrap: 'test', from: 'here' };
  const signal = new AbortController().signal;
  const fileThreads = new FileThreads(2, signal);
  try {
    await convertImage(
      image,
      origin,
      { output, compression, blockBytes: 131_072, threads: 2, limits: getDefaultLimits() },
      { onProgress: () => undefined, onWarning: () => undefined, fileThreads, signal },
    );
  } finally {
    fileThreads.close();
  }
  return await readFile(output);
}

async function fromFile(kind: string, archive: Buffer): Promise<Buffer> {
  const directory = temporaryDirectory();
  await writeFile(path.join(directory, 'image.tar'), archive);
  return sifOf(await openLayers(parseSource(`${kind}:image.tar`, directory), testContext()));
}

function describing(): object {
  const { rootfs } = configOf(layers) as { rootfs: { diff_ids: string[] } };
  return inspectAnswer({ RootFS: { Type: 'layers', Layers: rootfs.diff_ids } });
}

async function fromDaemon(send: (response: ServerResponse) => void): Promise<Buffer> {
  await using daemon = await fakeDaemon((asked, response) => {
    if (asked.startsWith(`/images/${imageId}/get`)) {
      send(response);
    } else {
      answerJson(response, 200, describing());
    }
  });
  const context = testContext({ env: { DOCKER_HOST: daemon.url } });
  return await sifOf(await openLayers({ kind: 'docker-daemon', name: tag }, context));
}

/** @param isIndexed whether an index lists only the position of the image's manifest. */
async function fromRegistry(store: (layer: Buffer) => Buffer, isIndexed = false): Promise<Buffer> {
  const oci = new OciBytes();
  const image = oci.layered(layers, { store });
  const { digest, size } = image;
  const { digest: first, mediaType } = isIndexed
    ? oci.blob({ manifests: [{ digest, size }] }, 'application/vnd.oci.image.index.v1+json')
    : image;
  await using registry = await fakeRegistry((request, response) => {
    const [role, wanted = ''] = request.url?.split('/').slice(-2) ?? [];
    const isManifest = wanted === 'v1' || wanted === first || wanted === digest;
    const body =
      isManifest === (role === 'manifests') ? oci.blobs.get(wanted === 'v1' ? first : wanted) : undefined;
    reply(response, body === undefined ? 404 : 200, body, { 'content-type': mediaType });
  });
  const source: ImageSource = { kind: 'docker', name: `${registry.host}/lab/x:v1`, plainHttp: true };
  return await sifOf(await openLayers(source, testContext()));
}

function layout(store: (layer: Buffer) => Buffer): Buffer {
  const oci = new OciBytes();
  return oci.add(oci.layered(layers, { store })).tar();
}

const gzip = (layer: Buffer) => gzipSync(layer);
const zstd = (layer: Buffer) => zstdCompressSync(layer);

/** Compresses an archive like a parallel compressor; the first part is shorter than a tar header. */
function inParts(store: (part: Buffer) => Buffer): Buffer[] {
  const archive = savedByDocker25(layers, tag);
  return [0, 100, 300_000, 300_001].map((from, at, all) => store(archive.subarray(from, all[at + 1])));
}

describe('an image gives the same bytes', () => {
  let plain: Buffer;
  beforeAll(async () => {
    plain = await fromFile(
      'oci-archive',
      layout((layer) => layer),
    );
  });

  test.each<[string, () => Promise<Buffer>]>([
    ['a layout of gzip layers', () => fromFile('oci-archive', layout(gzip))],
    ['a layout of zstd layers', () => fromFile('oci-archive', layout(zstd))],
    ['an archive of Docker 20', () => fromFile('docker-archive', savedByDocker20(layers, tag))],
    ['an archive of Docker 25', () => fromFile('docker-archive', savedByDocker25(layers, tag))],
    ['the same as a layout', () => fromFile('oci-archive', savedByDocker25(layers, tag))],
    ['an archive of compressed layers', () => fromFile('docker-archive', savedByDocker25(layers, tag, gzip))],
    ['one that gzip has compressed', () => fromFile('docker-archive', gzip(savedByDocker25(layers, tag)))],
    ['one that zstd has compressed', () => fromFile('docker-archive', zstd(savedByDocker25(layers, tag)))],
    ['a compressed one of Docker 20', () => fromFile('docker-archive', gzip(savedByDocker20(layers, tag)))],
    [
      'a compressed one of compressed layers',
      () => fromFile('docker-archive', zstd(savedByDocker25(layers, tag, gzip))),
    ],
    [
      'one that gzip has compressed in parts, with zeros behind them',
      () => fromFile('docker-archive', Buffer.concat([...inParts(gzip), Buffer.alloc(5000)])),
    ],
    ['one that zstd has compressed in parts', () => fromFile('docker-archive', Buffer.concat(inParts(zstd)))],
    ['the stream of Docker 20', () => fromDaemon((to) => to.end(savedByDocker20(layers, tag)))],
    ['the stream of Docker 25', () => fromDaemon((to) => to.end(savedByDocker25(layers, tag)))],
    ['a stream of gzip layers', () => fromDaemon((to) => to.end(savedByDocker25(layers, tag, gzip)))],
    ['a registry of plain layers', () => fromRegistry((layer) => layer)],
    ['a registry of gzip layers', () => fromRegistry(gzip)],
    ['a registry whose index names no media types', () => fromRegistry(gzip, true)],
  ])('from %s', async (_what, make) => {
    expect(hashBytes(await make())).toBe(hashBytes(plain));
  });

  test('without data of hidden files', () => {
    const kept = [300_000, 150_000, ...others.map((_layer, at) => 140_000 + at * 999)];
    const bytes = kept.reduce((sum, length) => sum + length, 0);
    // The second copy of the layer restored `hidden`.
    expect(plain.length).toBeGreaterThan(bytes + 200_000);
    expect(plain.length).toBeLessThan(bytes + 200_000 + 60_000);
  });
});

describe('a layer compressed with xz is reported as such', () => {
  const xz = () => Buffer.concat([Buffer.from('fd377a585a000004', 'hex'), noise(600, 1)]);
  const stream = savedByDocker25(layers, tag, xz);

  test.each<[string, () => Promise<Buffer>]>([
    ['a layout', () => fromFile('oci-archive', layout(xz))],
    ['an archive', () => fromFile('docker-archive', stream)],
    ['a compressed archive', () => fromFile('docker-archive', gzip(stream))],
    ['the stream of a daemon', () => fromDaemon((to) => to.end(stream))],
    ['a registry', () => fromRegistry(xz)],
  ])('from %s', async (_what, make) => {
    await expect(make()).rejects.toThrow(/its layer \S+ is compressed by xz$/);
  });
});

describe('the stream of a daemon', () => {
  const stream = savedByDocker25(layers, tag);
  const damaged = Buffer.from(stream);
  damaged.writeUInt8(damaged.readUInt8(stream.indexOf(noise(1000, 3))) ^ 1, stream.indexOf(noise(1000, 3)));

  test.each<[string, (response: ServerResponse) => void, RegExp]>([
    ['that is cut off', (to) => to.end(stream.subarray(0, 400_000)), /is damaged: it is cut off/],
    ['with another byte in a layer', (to) => to.end(damaged), /has the digest sha256:/],
    [
      'without its manifest',
      (to) => to.end(Buffer.concat([stream.subarray(0, stream.indexOf('index.json')), Buffer.alloc(1024)])),
      /without its description manifest.json/,
    ],
    [
      'of another image',
      (to) => to.end(savedByDocker20(layers.slice(1), tag)),
      /the daemon sent another image than it had described/,
    ],
    [
      'that the daemon refuses',
      (to) => {
        answerJson(to, 500, { message: 'no space left on device' });
      },
      /HTTP status 500: no space left on device/,
    ],
    [
      'whose connection breaks',
      (to) => {
        to.write(stream.subarray(0, 400_000), () => to.destroy());
      },
      /lab\/image:1/,
    ],
  ])('is rejected: %s', async (_what, send, message) => {
    await expect(fromDaemon(send)).rejects.toThrow(message);
  });
});

test('reports a non-distributable layer whose blob the registry does not have', async () => {
  const oci = new OciBytes();
  const { digest, mediaType } = oci.image('x', 'application/vnd.oci.image.layer.nondistributable.v1.tar');
  await using registry = await fakeRegistry((request, response) => {
    const wanted = request.url?.split('/').at(-1) ?? '';
    const body = oci.blobs.get(wanted === 'v1' ? digest : wanted);
    const isThere = body?.toString('latin1').startsWith('{') === true;
    reply(response, isThere ? 200 : 404, body, { 'content-type': mediaType });
  });
  const source: ImageSource = { kind: 'docker', name: `${registry.host}/lab/x:v1`, plainHttp: true };
  const image = await openLayers(source, testContext());
  await expect(sifOf(image)).rejects.toThrow(
    /does not contain the blob sha256:\w+: the license of this layer forbids/,
  );
});
