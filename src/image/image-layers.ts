import path from 'node:path';
import { mkdir } from 'node:fs/promises';
import { downloadBlob } from '../registry/download.ts';
import type { Context } from '../support/context.ts';
import { UsageError } from '../support/errors.ts';
import { readDockerArchive } from './docker-archive.ts';
import type { ConversionWatch } from './engine.ts';
import type { ImageConfig } from './image-config.ts';
import type { FileSlice } from './image-files.ts';
import type { OciImage } from './oci-image.ts';
import { readOciLayout } from './oci-layout.ts';
import { readRegistryImage } from './registry-image.ts';
import { formatSource, type ImageSource } from './source.ts';
import { codecOf, type StoredLayer } from './stored-layers.ts';

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
      return await layered(source.file, image, blob);
    }
    case 'docker': {
      const { image, registry } = await readRegistryImage(source, context);
      const totalBytes = image.layers.reduce((sum, { size }) => sum + size, 0);
      let doneBytes = 0;
      const onBytes = (bytes: number) => {
        doneBytes += bytes;
        onProgress({ stage: 'fetch', message: 'downloading the layers', doneBytes, totalBytes });
      };
      await mkdir(path.join(scratch, 'blobs'));
      return await layered(formatSource(source), image, async (digest) => {
        const file = path.join(scratch, 'blobs', digest.replace(':', '-'));
        const size = image.layers.find((layer) => layer.digest === digest)?.size ?? 0;
        await downloadBlob(registry, { digest, size }, file, onBytes, { ...context, signal });
        return { file, dataOffset: 0, sizeBytes: size };
      });
    }
    default:
      throw new UsageError(`the native engine does not convert ${formatSource(source)} yet`, {
        fix: 'leave --engine out, or save the image first: docker save -o FILE NAME',
      });
  }
}

async function layered(
  place: string,
  { layers, config }: OciImage,
  blob: (digest: string) => Promise<FileSlice>,
): Promise<LayeredImage> {
  const stored: StoredLayer[] = [];
  for (const [index, { digest }] of layers.entries()) {
    const slice = await blob(digest);
    const diffId = config.rootfs.diff_ids[index] ?? '';
    stored.push({ ...slice, name: digest, codec: await codecOf(slice), digest, diffId });
  }
  return { place, config, layers: stored };
}
