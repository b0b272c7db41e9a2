import type { Readable } from 'node:stream';
import type { Context } from '../../support/context.ts';
import { downloadBlob } from '../../registry/download.ts';
import { fetchManifest, fetchSmallBlob } from '../../registry/manifests.ts';
import { parseReference } from '../../registry/reference.ts';
import { HpcGatError } from '../../support/errors.ts';
import { openRegistry } from '../../registry/registry.ts';
import { countBytes } from './layers/count-bytes.ts';
import type { ConversionWatch } from '../convert/conversion-watch.ts';
import { Prefetcher } from './layers/prefetch.ts';
import type { ArrivingLayer, LayeredImage, LayerReading } from './layers/layered-image.ts';
import type { WriteBlob } from './oci/write-layout.ts';
import { resolveImage } from './oci/oci-image.ts';
import { missingNonDistributable } from './oci/oci-blobs.ts';
import { isNonDistributable, manifestMediaTypes, type Descriptor } from './oci/oci-manifest.ts';
import type { OpenedRegistryImage } from './opened-source.ts';
import { formatSource, type RegistrySource } from './source.ts';
import { verifyDigests, inflateLayer, type LayerStream } from './layers/inflate-layer.ts';
import { detectLayerCodec } from './layers/stored-codec.ts';

/**
 * Reads the description of an image from a registry, without its layers.
 *
 * @throws {UsageError} if there is no such image, or none for this platform.
 * @throws {HpcGatError} if the registry refuses or fails.
 */
export async function readRegistryImage(
  source: RegistrySource,
  context: Pick<Context, 'env' | 'run' | 'clock' | 'signal'>,
): Promise<OpenedRegistryImage> {
  const { signal } = context;
  const registry = openRegistry(parseReference(source.name), source, context);
  const manifest = (reference: string) => fetchManifest(registry, reference, manifestMediaTypes, signal);
  const first = await manifest(registry.reference.reference);
  const image = await resolveImage(
    { mediaType: first.mediaType, digest: first.digest, platform: undefined },
    {
      place: formatSource(source),
      fix: 'push the image again',
      read: async (digest, role) => {
        if (role === 'config') {
          return fetchSmallBlob(registry, digest, signal);
        }
        return (digest === first.digest ? first : await manifest(digest)).bytes;
      },
    },
    source.platform,
  );
  const pinned = { ...source, name: pinName(source.name, image.manifestDigest) };
  return { kind: 'registry', source: pinned, image, registry };
}

/** Opens an image for reading its layers in order: while one is read, a bounded number of the next ones is fetched. */
export function openRegistryImage(
  { source, image, registry }: OpenedRegistryImage,
  { clock }: Pick<Context, 'clock'>,
): LayeredImage {
  const place = formatSource(source);
  const { diff_ids: diffIds } = image.config.rootfs;
  const named = image.layers.map((layer, index) => ({ layer, diffId: diffIds[index] ?? '' }));
  // An image may contain the same layer twice.
  const layers = [...new Map(named.map((one) => [`${one.layer.digest} ${one.diffId}`, one])).values()];
  return {
    place,
    isStream: true,
    layerCount: layers.length,
    totalBytes: layers.reduce((sum, { layer }) => sum + layer.size, 0),
    layers: async function* (reading) {
      const descriptors = layers.map(({ layer }) => layer);
      const coming = new Prefetcher(registry, descriptors, reading, clock);
      try {
        for (const { layer, diffId } of layers) {
          await coming.beginTurn(layer);
          yield arriving(place, layer, diffId, coming, reading);
        }
      } finally {
        coming.end();
      }
    },
    config: () => image.config,
  };
}

function arriving(
  place: string,
  layer: Descriptor,
  diffId: string,
  coming: Prefetcher,
  reading: LayerReading,
): ArrivingLayer {
  const { digest, size } = layer;
  async function* bytes(): AsyncGenerator<Buffer> {
    const stored = await openStream(place, digest, coming.stream(layer)).catch((error: unknown) => {
      const isMissing = error instanceof HpcGatError && isNonDistributable(layer);
      throw isMissing ? missingNonDistributable(place, layer, error) : error;
    });
    yield* inflateLayer(place, stored, reading.onBytes, reading.signal, (found) => {
      verifyDigests(place, { name: digest, digest, diffId }, found);
    });
  }
  return {
    name: digest,
    sizeBytes: size,
    digest,
    bytes: bytes(),
    check: (onBytes) => {
      // Nothing was fetched: the manifest, whose digest was checked, references the cached layer.
      onBytes(size);
      return Promise.resolve();
    },
    diffId: () => diffId,
  };
}

/** Detects the compression of a layer by its first bytes, because its media type may be wrong. */
async function openStream(place: string, name: string, stream: Readable): Promise<LayerStream> {
  const pieces = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const first = await pieces.next();
  const start = first.done === true ? Buffer.alloc(0) : first.value;
  async function* chunks(): AsyncGenerator<Buffer> {
    yield start;
    for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) {
      yield next.value;
    }
  }
  return { name, codec: detectLayerCodec(start, name, place), chunks: chunks() };
}

/** Returns a function that downloads a layer to a file that does not exist yet; call it once for each digest. */
export function createLayerDownload(
  { image, registry }: OpenedRegistryImage,
  onProgress: ConversionWatch['onProgress'],
  context: Pick<Context, 'clock' | 'signal'>,
): WriteBlob {
  const sizes = new Map(image.layers.map(({ digest, size }) => [digest, size]));
  const totalBytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const onBytes = countBytes(onProgress, 'fetch', 'downloading the layers', totalBytes);
  return (digest, file) =>
    downloadBlob(registry, { digest, size: sizes.get(digest) ?? 0 }, file, onBytes, context);
}

/** Replaces the tag in the name of an image by the digest of its manifest. */
function pinName(name: string, manifestDigest: string): string {
  return `${name.replace(/@.*$/, '').replace(/:[^:/]+$/, '')}@${manifestDigest}`;
}
