import type { Context } from '../../support/context.ts';
import type { ImageConfig } from './image-config.ts';
import type { ArrivingLayer, LayeredImage, LayerReading } from './layers/layered-image.ts';
import type { OpenedSource } from './opened-source.ts';
import { verifyOnDisk, readLayer, listStoredLayers, type StoredLayer } from './layers/stored-layers.ts';

/**
 * Opens an image for reading its layers in place: none of them is copied to disk first.
 *
 * @param opened any source but a definition file.
 * @throws {HpcGatError} if a layer is missing or damaged.
 */
export async function openImage(
  opened: OpenedSource,
  context: Pick<Context, 'clock'>,
): Promise<LayeredImage> {
  switch (opened.kind) {
    case 'docker-archive': {
      const { source, archive } = opened;
      return onDisk(source.file, archive.config, archive.layers);
    }
    case 'layout': {
      const { file } = opened.source;
      const { image, blob } = opened.layout;
      return onDisk(file, image.config, await listStoredLayers(file, image, blob));
    }
    case 'compressed-archive':
      return (await import('./compressed-archive.ts')).openCompressedArchive(opened);
    case 'registry':
      return (await import('./registry-image.ts')).openRegistryImage(opened, context);
    case 'docker-daemon':
      return (await import('./daemon-image.ts')).openDaemonImage(opened);
    case 'definition':
      throw new Error(`a definition file has no layers: ${opened.source.file}`);
  }
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
