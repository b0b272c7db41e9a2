import { createHash } from 'node:crypto';
import { arch } from 'node:os';
import type { Draw } from '../corpus/draw.ts';
import { headerBytes } from '../layer-bytes.ts';
import { tarEnd, tarEntry } from '../tar-bytes.ts';
import { layer, packed } from './hostile-layer.ts';
import { bytesMutated, jsonMutated } from './mutate.ts';

/** An archive for `make-sif`; most are valid except for one to three fields. */
export interface HostileImage {
  readonly kind: 'docker-archive' | 'oci-archive';
  readonly bytes: Buffer;
}

export function hostileImage(draw: Draw): HostileImage {
  const kind = draw.of(['docker-archive', 'oci-archive'] as const);
  const layers = Array.from({ length: 1 + draw.below(3) }, () => layer(draw));
  const plain = kind === 'oci-archive' ? ociArchive(draw, layers) : dockerArchive(draw, layers);
  const mutated = draw.once(20) ? bytesMutated(draw, plain) : plain;
  return { kind, bytes: draw.once(3) ? packed(draw, mutated) : mutated };
}

const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const architecture = arch() === 'x64' ? 'amd64' : arch();

function configOf(draw: Draw, layers: readonly Buffer[]): Buffer {
  return jsonMutated(draw, {
    architecture,
    os: 'linux',
    created: '2024-01-01T00:00:00Z',
    config: { Env: ['PATH=/bin', 'A=b'], Cmd: ['sh'], Entrypoint: null, Labels: { a: 'b' } },
    rootfs: { type: 'layers', diff_ids: layers.map(digestOf) },
  });
}

function dockerArchive(draw: Draw, layers: readonly Buffer[]): Buffer {
  const manifest = jsonMutated(draw, [
    { Config: 'config.json', RepoTags: ['a:1'], Layers: layers.map((_layer, at) => `${at}/layer.tar`) },
  ]);
  return Buffer.concat([
    tarEntry('config.json', configOf(draw, layers)),
    ...layers.map((one, at) =>
      draw.once(40)
        ? headerBytes(
            {
              name: `${at}/layer.tar`,
              type: '2',
              link: draw.of(['0/layer.tar', '../config.json', '/etc/passwd']),
            },
            0,
          )
        : tarEntry(`${at}/layer.tar`, packed(draw, one)),
    ),
    tarEntry('manifest.json', manifest),
    tarEnd,
  ]);
}

function ociArchive(draw: Draw, layers: readonly Buffer[]): Buffer {
  const blobs = new Map<string, Buffer>();
  const blob = (bytes: Buffer, mediaType: string) => {
    blobs.set(draw.once(100) ? digestOf(Buffer.alloc(0)) : digestOf(bytes), bytes);
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
  };
  const manifest = jsonMutated(draw, {
    schemaVersion: 2,
    config: blob(configOf(draw, layers), 'application/vnd.oci.image.config.v1+json'),
    layers: layers.map((one) => blob(packed(draw, one), 'application/vnd.oci.image.layer.v1.tar')),
  });
  let top = blob(manifest, 'application/vnd.oci.image.manifest.v1+json');
  for (let depth = draw.of([0, 0, 0, 0, 0, 0, 1, 6]); depth > 0; depth -= 1) {
    top = blob(
      jsonMutated(draw, { schemaVersion: 2, manifests: [top] }),
      'application/vnd.oci.image.index.v1+json',
    );
  }
  const index = jsonMutated(draw, { schemaVersion: 2, manifests: [top] });
  return Buffer.concat([
    ...[...blobs].map(([digest, bytes]) => tarEntry(`blobs/${digest.replace(':', '/')}`, bytes)),
    tarEntry('index.json', index),
    tarEnd,
  ]);
}
