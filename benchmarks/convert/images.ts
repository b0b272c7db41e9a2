import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { linkOf, slicesOf, smallFiles, tarOf } from './layers.ts';

/** Name of the image that is triton with another top layer. */
export const changedName = 'triton-changed';

/** Files of an image in the directory of the images. */
export interface BenchImage {
  readonly name: string;
  /** Output of `docker save`; its layers are not compressed. */
  readonly archive: string;
  /** The same layers, gzip -6, as an OCI layout. */
  readonly layout: string;
  /** All layers in one tar, for programs without support for layers. */
  readonly flat: string;
  /** Size of the archive, in bytes. */
  readonly bytes: number;
}

/** The Triton image comes first, because others are variants of it. */
export type BenchImages = readonly [BenchImage, ...BenchImage[]];

/** Files of an image. Unused forms are not created. */
type Form = 'archive' | 'layout' | 'flat';

/**
 * Creates the images once and reuses them later.
 *
 * @param context directory of defs/triton-cpu/build-context.sh, from which `docker build` creates the Triton image.
 */
export async function makeImages(directory: string, context: string): Promise<BenchImages> {
  mkdirSync(directory, { recursive: true });
  const rootfs = path.join(context, 'rootfs.tar');
  const lower = (to: string) => [linkOf(rootfs, `${to}.0.tar`), tarOf(context, 'triton', `${to}.1.tar`)];
  return [
    await makeImage(directory, 'triton', ['archive', 'layout', 'flat'], (to) => [
      ...lower(to),
      tarOf(context, 'backends', `${to}.2.tar`),
    ]),
    // This image differs only in its top layer.
    await makeImage(directory, changedName, ['archive', 'layout'], (to) => [
      ...lower(to),
      smallFiles(`${to}.2.tar`, 0, 100),
    ]),
    await makeImage(directory, 'small-files', ['archive', 'layout', 'flat'], (to) => [
      smallFiles(`${to}.0.tar`, 0, 50_000),
      smallFiles(`${to}.1.tar`, 50_000, 100_000),
    ]),
    await makeImage(directory, 'large', ['archive'], (to) =>
      [1, 2, 3, 4, 5].map((key) => slicesOf(rootfs, `${to}.${key}.tar`, key)),
    ),
  ];
}

async function makeImage(
  directory: string,
  name: string,
  forms: readonly Form[],
  makeLayers: (to: string) => string[],
): Promise<BenchImage> {
  const place = path.join(directory, name);
  const at = (base: string) => ({
    name,
    archive: path.join(base, 'archive.tar'),
    layout: path.join(base, 'layout'),
    flat: path.join(base, 'flat.tar'),
  });
  if (!existsSync(place)) {
    const making = `${place}.making`;
    rmSync(making, { recursive: true, force: true });
    mkdirSync(making);
    const image = at(making);
    const layers = makeLayers(path.join(making, 'layer'));
    const digests = [];
    for (const layer of layers) {
      digests.push(await sha256(layer));
    }
    writeArchive(layers, digests, making, image.archive);
    if (forms.includes('layout')) {
      await writeLayout(layers, digests, image.layout);
    }
    if (forms.includes('flat')) {
      flatten(layers, image.flat);
    }
    layers.forEach((layer) => {
      rmSync(layer);
    });
    renameSync(making, place);
  }
  const image = at(place);
  return { ...image, bytes: statSync(image.archive).size };
}

function flatten([first = '', ...rest]: readonly string[], to: string): void {
  execFileSync('cp', [first, to]);
  for (const layer of rest) {
    execFileSync('tar', ['--concatenate', '--file', to, layer]);
  }
}

function configOf(digests: readonly string[]): Buffer {
  return Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      created: '2026-01-01T00:00:00Z',
      config: {
        Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
        Cmd: ['/bin/sh'],
      },
      rootfs: { type: 'layers', diff_ids: digests.map((digest) => `sha256:${digest}`) },
    }),
  );
}

function writeArchive(
  layers: readonly string[],
  digests: readonly string[],
  directory: string,
  to: string,
): void {
  const parts = path.join(directory, 'parts');
  const config = configOf(digests);
  const configName = `${sha256Of(config)}.json`;
  for (const [index, digest] of digests.entries()) {
    mkdirSync(path.join(parts, digest), { recursive: true });
    linkSync(layers[index] ?? '', path.join(parts, digest, 'layer.tar'));
  }
  const names = digests.map((digest) => `${digest}/layer.tar`);
  writeFileSync(path.join(parts, configName), config);
  const manifest = [{ Config: configName, RepoTags: ['bench:latest'], Layers: names }];
  writeFileSync(path.join(parts, 'manifest.json'), JSON.stringify(manifest));
  execFileSync('tar', [
    ...['--create', '--directory', parts, '--file', to],
    ...[configName, ...names, 'manifest.json'],
  ]);
  rmSync(parts, { recursive: true });
}

async function writeLayout(
  layers: readonly string[],
  digests: readonly string[],
  layout: string,
): Promise<void> {
  const blobs = path.join(layout, 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  const put = (mediaType: string, bytes: Buffer) => {
    writeFileSync(path.join(blobs, sha256Of(bytes)), bytes);
    return { mediaType, digest: `sha256:${sha256Of(bytes)}`, size: bytes.length };
  };
  const descriptors = [];
  for (const layer of layers) {
    const made = path.join(blobs, 'made');
    execFileSync('sh', ['-c', 'gzip -n -6 -c "$1" > "$2"', 'sh', layer, made]);
    const digest = await sha256(made);
    renameSync(made, path.join(blobs, digest));
    descriptors.push({
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      digest: `sha256:${digest}`,
      size: statSync(path.join(blobs, digest)).size,
    });
  }
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const config = put('application/vnd.oci.image.config.v1+json', configOf(digests));
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType, config, layers: descriptors });
  const annotations = { 'org.opencontainers.image.ref.name': 'bench' };
  const platform = { architecture: 'amd64', os: 'linux' };
  const index = {
    schemaVersion: 2,
    manifests: [{ ...put(mediaType, Buffer.from(manifest)), platform, annotations }],
  };
  writeFileSync(path.join(layout, 'index.json'), JSON.stringify(index));
  writeFileSync(path.join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 })) {
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}

function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
