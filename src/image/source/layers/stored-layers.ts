import { readStart, type FileSlice } from '../image-files.ts';
import { fileChunks } from './file-chunks.ts';
import { expectDigests, inflateLayer, unreadable, type LayerCodec } from './inflate-layer.ts';
import type { LayerReading } from './layered-image.ts';
import type { OciImage } from '../oci/oci-image.ts';
import { codecStartBytes, expectLayerCodec } from './stored-codec.ts';

/** A layer as it lies on disk. */
export interface StoredLayer extends FileSlice {
  readonly name: string;
  readonly codec: LayerCodec;
  /** Digest of the uncompressed layer: `sha256:` and 64 hexadecimal digits. */
  readonly diffId: string;
  /** Digest of the bytes as they are stored, where a manifest names one. */
  readonly digest?: string;
}

/**
 * The layers of an image, the lowest first.
 *
 * @param place the archive, directory or registry, for messages.
 * @param blob where the stored bytes of a digest lie.
 * @throws {UsageError} when one is compressed in a form that is not inflated here.
 */
export async function storedLayers(
  place: string,
  { layers, config }: OciImage,
  blob: (digest: string) => Promise<FileSlice>,
): Promise<StoredLayer[]> {
  const stored: StoredLayer[] = [];
  for (const [index, { digest }] of layers.entries()) {
    const slice = await blob(digest);
    const diffId = config.rootfs.diff_ids[index] ?? '';
    stored.push({ ...slice, name: digest, codec: await codecOf(slice, digest, place), digest, diffId });
  }
  return stored;
}

/** As {@link expectLayerCodec}. */
export async function codecOf(slice: FileSlice, name: string, place: string): Promise<LayerCodec> {
  return expectLayerCodec(await readStart(slice, codecStartBytes), name, place);
}

/**
 * Compares every layer with the digest that the image's configuration names for it (OCI image-spec,
 * `rootfs.diff_ids`) and with the one that the manifest names for its stored bytes. Apptainer does not do that
 * for archives: it makes a SIF of damaged layers without a word.
 *
 * @param place the archive, directory or registry, for messages.
 * @param onBytes told how many bytes were read since the last call.
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
      // Read for its digests alone.
    }
  }
}

/**
 * Compares the stored bytes of a layer with its digest, beside everything else.
 *
 * @throws {HpcGatError} when the layer cannot be read, or differs.
 */
export async function checkOnDisk(
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
  expectDigests(place, { name, digest }, { stored: `sha256:${hex}`, plain: '' });
}

/**
 * The uncompressed bytes of a layer on disk; each chunk holds until the next one is asked for. Behind the last of them
 * its digests have been compared.
 *
 * @throws {HpcGatError} when the layer cannot be read, or differs from its digests.
 */
export function readLayer(
  place: string,
  layer: StoredLayer,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const stored = { ...layer, chunks: fileChunks(layer) };
  return inflateLayer(place, stored, onBytes, signal, (found) => {
    expectDigests(place, layer, found);
  });
}
