import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { countBytes } from '../layers/count-bytes.ts';
import { sliceWholeFile, type FileSlice } from '../image-files.ts';
import type { OciImage } from './oci-image.ts';
import { checkLayers, listStoredLayers } from '../layers/stored-layers.ts';
import type { ConversionWatch } from '../../convert/conversion-watch.ts';

/** Writes a layer's stored bytes to `file`. */
export type WriteBlob = (digest: string, file: string) => Promise<void>;

/**
 * Writes an OCI layout that contains only this image: Apptainer 1.4 supports neither tags of a layout nor the
 * selection of a platform.
 *
 * @param directory path that does not exist yet.
 * @param place label of the source, for messages.
 * @throws {HpcGatError} if a layer does not have the expected digests.
 */
export async function writeLayout(
  directory: string,
  image: OciImage,
  place: string,
  placeBlob: WriteBlob,
  { onProgress, signal }: Pick<ConversionWatch, 'onProgress' | 'signal'>,
): Promise<void> {
  const fileOf = (digest: string) => path.join(directory, 'blobs', digest.replace(':', '/'));
  const { manifest, manifestDigest, manifestMediaType, configBytes, configDigest } = image;
  await mkdir(path.join(directory, 'blobs', 'sha256'), { recursive: true });
  const descriptor = { mediaType: manifestMediaType, digest: manifestDigest, size: manifest.length };
  await Promise.all([
    writeFile(path.join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' })),
    writeFile(
      path.join(directory, 'index.json'),
      JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }),
    ),
    writeFile(fileOf(manifestDigest), manifest),
    writeFile(fileOf(configDigest), configBytes),
  ]);
  for (const digest of new Set(image.layers.map((layer) => layer.digest))) {
    signal.throwIfAborted();
    await placeBlob(digest, fileOf(digest));
  }
  const layers = await listStoredLayers(place, image, (digest) => sliceWholeFile(fileOf(digest)));
  const totalBytes = layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const onBytes = countBytes(onProgress, 'fetch', 'checking the digests of the layers', totalBytes);
  await checkLayers(place, layers, onBytes, signal);
}

/** Links a whole file, or copies an entry out of a tar. */
export async function copySlice(
  { file, dataOffset, sizeBytes }: FileSlice,
  target: string,
  kind: 'oci' | 'oci-archive',
  signal: AbortSignal,
): Promise<void> {
  if (kind === 'oci') {
    await symlink(file, target);
  } else if (sizeBytes === 0) {
    await writeFile(target, '');
  } else {
    const entry = createReadStream(file, { start: dataOffset, end: dataOffset + sizeBytes - 1 });
    await pipeline(entry, createWriteStream(target), { signal });
  }
}
