import { copyFile, symlink } from 'node:fs/promises';
import path from 'node:path';
import type { Context } from '../../support/context.ts';
import { UsageError } from '../../support/errors.ts';
import { countBytes } from './layers/count-bytes.ts';
import { rejectCompressedArchive } from './compressed-archive.ts';
import { readDockerArchive } from './docker-save/docker-archive.ts';
import type { ConversionWatch } from '../convert/engine.ts';
import { copySlice, writeLayout } from './oci/write-layout.ts';
import { formatOverruledPlatform, type ImageConfig } from './image-config.ts';
import { readOciLayout } from './oci/oci-layout.ts';
import { downloadRegistryImage } from './registry-image.ts';
import { formatSource, type DockerArchiveSource, type ImageSource, type RegistrySource } from './source.ts';
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
  source: ImageSource,
  tempDir: string,
  watch: Watch,
  context: Pick<Context, 'env' | 'run' | 'clock' | 'signal'>,
): Promise<string> {
  const { signal } = watch;
  switch (source.kind) {
    case 'docker-daemon':
      return formatSource(source);
    case 'definition': {
      // The build uses a copy, so that later changes of the file have no effect.
      const copy = path.join(tempDir, 'definition.def');
      await copyFile(source.file, copy);
      return copy;
    }
    case 'docker-archive':
      await rejectCompressedArchive(source, 'convert it unchanged with --engine native');
      return dockerArchive(source, tempDir, watch);
    case 'docker':
      await download(source, path.join(tempDir, view), watch, { ...context, signal });
      return `oci:${view}`;
    case 'oci':
    case 'oci-archive': {
      const { image, blob } = await readOciLayout(source);
      warnOfOverruled(image.config, watch);
      const place = async (digest: string, file: string) =>
        copySlice(await blob(digest), file, source.kind, signal);
      await writeLayout(path.join(tempDir, view), image, source.file, place, watch);
      return `oci:${view}`;
    }
  }
}

async function download(
  source: RegistrySource,
  directory: string,
  watch: Watch,
  context: Pick<Context, 'env' | 'run' | 'clock' | 'signal'>,
): Promise<void> {
  const { image, placeLayer } = await downloadRegistryImage(source, watch.onProgress, context);
  warnOfOverruled(image.config, watch);
  await writeLayout(directory, image, formatSource(source), placeLayer, watch);
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
async function dockerArchive(source: DockerArchiveSource, tempDir: string, watch: Watch): Promise<string> {
  const { file } = source;
  const { images, layers, config } = await readDockerArchive(file, source);
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
