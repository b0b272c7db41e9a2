import { copyFile, symlink } from 'node:fs/promises';
import path from 'node:path';
import type { Context } from '../../support/context.ts';
import { UsageError } from '../../support/errors.ts';
import { countBytes } from './layers/count-bytes.ts';
import { createCompressedError } from './compressed-archive.ts';
import type { ConversionWatch } from '../convert/conversion-watch.ts';
import { copySlice, writeLayout, type WriteBlob } from './oci/write-layout.ts';
import { formatOverruledPlatform, type ImageConfig } from './image-config.ts';
import type { OciImage } from './oci/oci-image.ts';
import type { OpenedDockerArchive, OpenedSource } from './opened-source.ts';
import { createLayerDownload } from './registry-image.ts';
import { formatSource } from './source.ts';
import { checkLayers } from './layers/stored-layers.ts';

type Watch = Pick<ConversionWatch, 'onProgress' | 'onWarning' | 'signal'>;

/** Path relative to the working directory of the runtime, because its absolute path could contain a colon. */
const view = 'layout';

/**
 * Prepares a source for `apptainer build`, and does what Apptainer does not do: chooses one of several images, checks
 * the digests of layers, and logs in to a registry without secrets in arguments or environment.
 *
 * @param tempDir empty directory, the working directory of the runtime.
 * @throws {UsageError} {HpcGatError} if the image is damaged or cannot be read.
 */
export async function prepareRuntimeSource(
  opened: OpenedSource,
  tempDir: string,
  watch: Watch,
  { clock }: Pick<Context, 'clock'>,
): Promise<string> {
  const { onProgress, signal } = watch;
  switch (opened.kind) {
    case 'docker-daemon':
      return formatSource(opened.source);
    case 'definition': {
      // The build uses a copy, so that later changes of the file have no effect.
      const copy = path.join(tempDir, 'definition.def');
      await copyFile(opened.source.file, copy);
      return copy;
    }
    case 'compressed-archive':
      throw createCompressedError(opened.archive, 'convert it unchanged with --engine native');
    case 'docker-archive':
      return prepareDockerArchive(opened, tempDir, watch);
    case 'registry': {
      const download = createLayerDownload(opened, onProgress, { clock, signal });
      return prepareLayout(opened.image, formatSource(opened.source), tempDir, download, watch);
    }
    case 'layout': {
      const { source, layout } = opened;
      const copy = async (digest: string, file: string) =>
        copySlice(await layout.blob(digest), file, source.kind, signal);
      return prepareLayout(layout.image, source.file, tempDir, copy, watch);
    }
  }
}

async function prepareLayout(
  image: OciImage,
  place: string,
  tempDir: string,
  placeBlob: WriteBlob,
  watch: Watch,
): Promise<string> {
  warnOfOverruled(image.config, watch);
  await writeLayout(path.join(tempDir, view), image, place, placeBlob, watch);
  return `oci:${view}`;
}

function warnOfOverruled(config: ImageConfig, { onWarning }: Watch): void {
  const warning = formatOverruledPlatform(config);
  if (warning !== undefined) {
    onWarning(warning);
  }
}

/**
 * Prepares an archive. Apptainer uses the first of several images, does not support references in archives, and ends
 * a file name at a colon.
 */
async function prepareDockerArchive(
  { source: { file }, archive: { images, layers, config } }: OpenedDockerArchive,
  tempDir: string,
  watch: Watch,
): Promise<string> {
  warnOfOverruled(config, watch);
  const { onProgress, signal } = watch;
  if (images > 1) {
    throw new UsageError(`Apptainer converts only archives of one image; ${file} contains ${images}`, {
      fix: 'save only the image that you need: `docker save -o FILE NAME`',
    });
  }
  const totalBytes = layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const onBytes = countBytes(onProgress, 'fetch', 'checking the digests of the layers', totalBytes);
  await checkLayers(file, layers, onBytes, signal);
  if (!file.includes(':')) {
    return `docker-archive:${file}`;
  }
  const alias = path.join(tempDir, 'archive.tar');
  await symlink(file, alias);
  return `docker-archive:${alias}`;
}
