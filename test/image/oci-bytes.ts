import { mkdir, writeFile } from 'node:fs/promises';
import { arch } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { hashBytes } from '../../src/support/files/digest.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { tarEnd, tarEntry } from './tar-bytes.ts';

export const hostArchitecture = arch() === 'x64' ? 'amd64' : arch();

export interface BlobDescriptor {
  mediaType: string;
  digest: string;
  size: number;
  annotations?: Record<string, string | null>;
  platform?: { os: string; architecture: string; variant?: string | null };
  artifactType?: string;
}

/** Returns the configuration of an image with these uncompressed layers. */
export function configOf(layers: readonly Buffer[]): object {
  return {
    architecture: hostArchitecture,
    os: 'linux',
    created: '2026-05-04T03:02:01.5Z',
    config: { Env: ['A=1'], Cmd: ['true'], Labels: { what: 'test' } },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${hashBytes(layer)}`) },
  };
}

interface LayeredOptions {
  readonly config?: object;
  readonly store?: (layer: Buffer) => Buffer;
}

/** An OCI layout in memory, which a test fills and writes as a directory or a tar. */
export class OciBytes {
  readonly blobs = new Map<string, Buffer>();
  readonly manifests: BlobDescriptor[] = [];

  blob(content: Buffer | string | object, mediaType: string): BlobDescriptor {
    const bytes =
      typeof content === 'string' || Buffer.isBuffer(content)
        ? Buffer.from(content)
        : Buffer.from(JSON.stringify(content));
    const digest = `sha256:${hashBytes(bytes)}`;
    this.blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }

  /** Adds an image of one layer, without an entry in the index. */
  image(layer = 'bytes', layerType = 'application/vnd.oci.image.layer.v1.tar+gzip'): BlobDescriptor {
    const config = this.blob(
      {
        architecture: hostArchitecture,
        os: 'linux',
        config: { Cmd: ['true'] },
        rootfs: { type: 'layers', diff_ids: [`sha256:${hashBytes(layer)}`] },
      },
      'application/vnd.oci.image.config.v1+json',
    );
    const layers = [this.blob(gzipSync(layer), layerType)];
    return this.blob({ schemaVersion: 2, config, layers }, 'application/vnd.oci.image.manifest.v1+json');
  }

  /**
   * Adds an image of layers, the lowest first, without an entry in the index.
   *
   * @param store compresses a layer before it is stored.
   */
  layered(
    layers: readonly Buffer[],
    { config = configOf(layers), store = (layer) => layer }: LayeredOptions = {},
  ): BlobDescriptor {
    const described = this.blob(config, 'application/vnd.oci.image.config.v1+json');
    const blobs = layers.map((layer) => this.blob(store(layer), 'application/vnd.oci.image.layer.v1.tar'));
    return this.blob(
      { schemaVersion: 2, config: described, layers: blobs },
      'application/vnd.oci.image.manifest.v1+json',
    );
  }

  index(manifests: readonly BlobDescriptor[]): BlobDescriptor {
    return this.blob({ schemaVersion: 2, manifests }, 'application/vnd.oci.image.index.v1+json');
  }

  /** Adds it to the top index, with a tag if one is given. */
  add(descriptor: BlobDescriptor, tag?: string): this {
    this.manifests.push(
      tag === undefined
        ? descriptor
        : { ...descriptor, annotations: { 'org.opencontainers.image.ref.name': tag } },
    );
    return this;
  }

  #files(): [string, Buffer][] {
    const index = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: this.manifests }));
    return [
      ...[...this.blobs].map(([digest, bytes]): [string, Buffer] => [
        `blobs/${digest.replace(':', '/')}`,
        bytes,
      ]),
      ['index.json', index],
    ];
  }

  async directory(): Promise<string> {
    const directory = path.join(temporaryDirectory(), 'layout');
    await mkdir(path.join(directory, 'blobs', 'sha256'), { recursive: true });
    await Promise.all(this.#files().map(([name, bytes]) => writeFile(path.join(directory, name), bytes)));
    return directory;
  }

  tar(): Buffer {
    return Buffer.concat([...this.#files().map(([name, bytes]) => tarEntry(name, bytes)), tarEnd]);
  }

  async archive(): Promise<string> {
    const file = path.join(temporaryDirectory(), 'image.tar');
    await writeFile(file, this.tar());
    return file;
  }
}

/** Adds an attestation, as BuildKit lists it beside an image. */
export const attestation = (of: BlobDescriptor): BlobDescriptor => ({
  ...of,
  platform: { os: 'unknown', architecture: 'unknown' },
  annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
});

export const forPlatform = (of: BlobDescriptor, architecture = hostArchitecture): BlobDescriptor => ({
  ...of,
  platform: { os: 'linux', architecture },
});
