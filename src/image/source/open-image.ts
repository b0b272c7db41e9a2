import path from 'node:path';
import type { Context } from '../../support/context.ts';
import { UsageError } from '../../support/errors.ts';
import { readDockerArchive } from './docker-archive.ts';
import type { ConversionWatch } from '../engine.ts';
import type { ImageConfig } from './image-config.ts';
import { wholeFile } from './image-files.ts';
import { readOciLayout } from './oci-layout.ts';
import { openRegistryImage } from './registry-image.ts';
import { formatSource, type ImageSource } from './source.ts';
import { storedLayers, type StoredLayer } from './stored-layers.ts';

/** An image whose layers lie on disk. */
export interface LayeredImage {
  /** Where it comes from, for messages. */
  readonly place: string;
  readonly config: ImageConfig;
  /** The lowest first. */
  readonly layers: readonly StoredLayer[];
}

/**
 * @param scratch an empty folder, for layers that have to be fetched.
 * @throws {UsageError} {HpcGatError} when the image is not there, or is damaged.
 */
export async function openImage(
  source: ImageSource,
  scratch: string,
  { onProgress, signal }: Pick<ConversionWatch, 'onProgress' | 'signal'>,
  context: Pick<Context, 'env' | 'run' | 'clock' | 'signal'>,
): Promise<LayeredImage> {
  switch (source.kind) {
    case 'docker-archive': {
      const { layers, config } = await readDockerArchive(source.file, source.reference);
      return { place: source.file, config, layers };
    }
    case 'oci':
    case 'oci-archive': {
      const { image, blob } = await readOciLayout(source);
      return { place: source.file, config: image.config, layers: await storedLayers(image, blob) };
    }
    case 'docker': {
      const { image, placeLayer } = await openRegistryImage(source, onProgress, { ...context, signal });
      const fileOf = (digest: string) => path.join(scratch, digest.replace(':', '-'));
      // An image may have the same layer twice.
      for (const digest of new Set(image.layers.map((layer) => layer.digest))) {
        await placeLayer(digest, fileOf(digest));
      }
      const layers = await storedLayers(image, (digest) => wholeFile(fileOf(digest)));
      return { place: formatSource(source), config: image.config, layers };
    }
    default:
      throw new UsageError(`the native engine does not convert ${formatSource(source)} yet`, {
        fix: 'leave --engine out, or save the image first: docker save -o FILE NAME',
      });
  }
}
