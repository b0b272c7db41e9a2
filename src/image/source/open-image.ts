import type { Context } from '../../support/context.ts';
import { findCompressedArchive } from './archive-file.ts';
import { readDockerArchive } from './docker-save/docker-archive.ts';
import type { ImageConfig } from './image-config.ts';
import type { ArrivingLayer, LayeredImage, LayerReading } from './layers/layered-image.ts';
import { readOciLayout } from './oci/oci-layout.ts';
import { formatSource, type DockerArchiveSource, type ImageSource, type OciSource } from './source.ts';
import { verifyOnDisk, readLayer, listStoredLayers, type StoredLayer } from './layers/stored-layers.ts';

/**
 * Opens an image for reading its layers in place: none of them is copied to disk first.
 *
 * @param source any source but a definition file.
 * @throws {UsageError} {HpcGatError} if the image does not exist, or is damaged.
 */
export async function openImage(
  source: ImageSource,
  context: Pick<Context, 'env' | 'run' | 'clock' | 'signal'>,
): Promise<LayeredImage> {
  const place = formatSource(source);
  switch (source.kind) {
    case 'docker-archive':
    case 'oci-archive': {
      const archive = await findCompressedArchive(source);
      return archive === undefined
        ? openFiles(source)
        : (await import('./compressed-archive.ts')).openCompressedArchive(source, archive);
    }
    case 'oci':
      return openFiles(source);
    case 'docker':
      return (await import('./registry-image.ts')).openRegistryImage(source, context);
    case 'docker-daemon': {
      const { openDaemonImage, findDaemonImage } = await import('./daemon-image.ts');
      const { endpoint, found } = await findDaemonImage(source, context);
      return openDaemonImage(endpoint, found, place);
    }
    case 'definition':
      throw new Error(`a definition file has no layers: ${place}`);
  }
}

/** Opens an image in a directory or an uncompressed archive. */
async function openFiles(source: DockerArchiveSource | OciSource): Promise<LayeredImage> {
  const { file } = source;
  if (source.kind === 'docker-archive') {
    const { layers, config } = await readDockerArchive(file, source);
    return onDisk(file, config, layers);
  }
  const { image, blob } = await readOciLayout(source);
  return onDisk(file, image.config, await listStoredLayers(file, image, blob));
}

function onDisk(place: string, config: ImageConfig, stored: readonly StoredLayer[]): LayeredImage {
  // An image may contain the same layer twice.
  const layers = [
    ...new Map(stored.map((layer) => [`${layer.digest ?? layer.name} ${layer.diffId}`, layer])).values(),
  ];
  return {
    place,
    layerCount: layers.length,
    totalBytes: layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    layers: async function* (reading) {
      for (const layer of layers) {
        yield await Promise.resolve(arriving(place, layer, reading));
      }
    },
    config: () => config,
  };
}

function arriving(place: string, layer: StoredLayer, reading: LayerReading): ArrivingLayer {
  const { name, sizeBytes, diffId, codec } = layer;
  // An uncompressed layer has only one digest.
  const digest = layer.digest ?? (codec === 'none' ? diffId : undefined);
  return {
    name,
    sizeBytes,
    digest,
    bytes: readLayer(place, layer, reading.onBytes, reading.signal),
    check: (onBytes) => verifyOnDisk(place, { ...layer, digest: digest ?? '' }, { ...reading, onBytes }),
    diffId: () => diffId,
  };
}
