import { readStart, type FileSlice } from '../image-files.ts';
import { readFileChunks } from './file-chunks.ts';
import { verifyDigests, inflateLayer, unreadable, type LayerCodec } from './inflate-layer.ts';
import type { LayerReading } from './layered-image.ts';
import type { OciImage } from '../oci/oci-image.ts';
import { codecStartBytes, detectLayerCodec } from './stored-codec.ts';

/** Layer on disk. */
export interface StoredLayer extends FileSlice {
  readonly name: string;
  readonly codec: LayerCodec;
  /** Digest of the uncompressed layer: `sha256:` and 64 hexadecimal digits. */
  readonly diffId: string;
  /** Digest of the stored bytes, if a manifest names one. */
  readonly digest?: string;
}

/**
 * Lists the layers of an image, the lowest first.
 *
 * @param place label of the archive, directory or registry, for messages.
 * @param blob returns the location of the stored bytes of a digest.
 * @throws {UsageError} for an unsupported compression.
 */
export async function listStoredLayers(
  place: string,
  { layers, config }: OciImage,
  blob: (digest: string) => Promise<FileSlice>,
): Promise<StoredLayer[]> {
  const stored: StoredLayer[] = [];
  for (const [index, { digest }] of layers.entries()) {
    const slice = await blob(digest);
    const diffId = config.rootfs.diff_ids[index] ?? '';
    stored.push({
      ...slice,
      name: digest,
      codec: await readLayerCodec(slice, digest, place),
      digest,
      diffId,
    });
  }
  return stored;
}

/** Detects the compression like {@link detectLayerCodec}. */
export async function readLayerCodec(slice: FileSlice, name: string, place: string): Promise<LayerCodec> {
  return detectLayerCodec(await readStart(slice, codecStartBytes), name, place);
}

/**
 * Compares every layer with its digest in the image's configuration (OCI image-spec, `rootfs.diff_ids`) and with the
 * digest of its stored bytes in the manifest. Apptainer does not check archives: it silently makes a SIF of damaged
 * layers.
 *
 * @param place label of the archive, directory or registry, for messages.
 * @param onBytes receives the number of bytes read since the last call.
 * @throws {HpcGatError} that names the first layer that differs.
 */
export async function checkLayers(
  place: string,
  layers: readonly StoredLayer[],
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  for (const layer of layers) {
    const bytes = readLayer(place, layer, onBytes, signal);
    while ((await bytes.next()).done !== true) {
      // The layer is read only for its digests.
    }
  }
}

/**
 * Compares the stored bytes of a layer with its digest, in parallel with other work.
 *
 * @throws {HpcGatError} if the layer cannot be read, or its digest differs.
 */
export async function verifyOnDisk(
  place: string,
  {
    name,
    digest,
    file,
    dataOffset,
    sizeBytes,
  }: FileSlice & { readonly name: string; readonly digest: string },
  { onBytes, fileThreads, signal }: Pick<LayerReading, 'onBytes' | 'fileThreads' | 'signal'>,
): Promise<void> {
  const part = { file, start: dataOffset, length: sizeBytes };
  const hex = await fileThreads.sha256(part, onBytes).catch((error: unknown) => {
    signal.throwIfAborted();
    throw unreadable(place, name, error);
  });
  verifyDigests(place, { name, digest }, { stored: `sha256:${hex}`, uncompressed: '' });
}

/**
 * Yields the uncompressed bytes of a layer on disk; each chunk is valid until the next one is requested. The digests
 * are compared after the last byte.
 *
 * @throws {HpcGatError} if the layer cannot be read, or differs from its digests.
 */
export function readLayer(
  place: string,
  layer: StoredLayer,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const stored = { ...layer, chunks: readFileChunks(layer) };
  return inflateLayer(place, stored, onBytes, signal, (found) => {
    verifyDigests(place, layer, found);
  });
}
