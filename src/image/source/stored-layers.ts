import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { addAbortSignal, pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { HpcGatError, messageOf } from '../../support/errors.ts';
import { printable } from '../../support/printable.ts';
import { readStart, type FileSlice } from './image-files.ts';
import type { OciImage } from './oci-image.ts';
import { zstdFrames } from './zstd-frames.ts';

/** A layer as it lies on disk. */
export interface StoredLayer extends FileSlice {
  readonly name: string;
  readonly codec: 'none' | 'gzip' | 'zstd';
  /** Digest of the uncompressed layer: `sha256:` and 64 hexadecimal digits. */
  readonly diffId: string;
  /** Digest of the bytes as they are stored, where a manifest names one. */
  readonly digest?: string;
}

/** With Node's default of 16 KiB, inflating takes five times as long. */
const chunkBytes = 1024 * 1024;

/**
 * The layers of an image, the lowest first.
 *
 * @param blob where the stored bytes of a digest lie.
 */
export async function storedLayers(
  { layers, config }: OciImage,
  blob: (digest: string) => Promise<FileSlice>,
): Promise<StoredLayer[]> {
  const stored: StoredLayer[] = [];
  for (const [index, { digest }] of layers.entries()) {
    const slice = await blob(digest);
    const diffId = config.rootfs.diff_ids[index] ?? '';
    stored.push({ ...slice, name: digest, codec: await codecOf(slice), digest, diffId });
  }
  return stored;
}

/** By the first bytes: RFC 1952, RFC 8878. */
export async function codecOf(slice: FileSlice): Promise<StoredLayer['codec']> {
  const magic = (await readStart(slice, 4)).toString('hex');
  // A stream of zstd may begin with a frame that is to be skipped.
  return magic.startsWith('1f8b') ? 'gzip' : /^(28b52ffd|5.2a4d18)$/.test(magic) ? 'zstd' : 'none';
}

/**
 * Compares every layer with the digest that the image's configuration names for it (OCI image-spec,
 * `rootfs.diff_ids`) and with the one that the manifest names for its stored bytes. Apptainer does not do that
 * for archives: it makes a SIF of damaged layers without a word.
 *
 * @param place the archive, folder or registry, for messages.
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

const fix = 'save or copy the image again, and compare its checksum';

/**
 * The uncompressed bytes of a layer; each chunk holds until the next one is asked for. Behind the last of them its
 * digests have been compared.
 *
 * @throws {HpcGatError} when the layer cannot be read, or differs from its digests.
 */
export async function* readLayer(
  place: string,
  layer: StoredLayer,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const { name, codec, digest, diffId } = layer;
  const ofStored = createHash('sha256');
  const ofPlain = createHash('sha256');
  let storedBytes = 0;
  const takeStored = (chunk: Buffer) => {
    storedBytes += chunk.length;
    onBytes(chunk.length);
    if (digest !== undefined) {
      ofStored.update(chunk);
    }
  };
  const stored = openLayer(layer).on('data', takeStored);
  const plain = inflated(stored, codec);
  try {
    const chunks = addAbortSignal(signal, plain) as AsyncIterable<Buffer>;
    for await (const chunk of chunks) {
      ofPlain.update(chunk);
      yield chunk;
    }
    stored.destroy();
    // Zeros behind gzip are left alone by its decoder; they are part of the blob.
    for await (const chunk of openLayer(restOf(layer, storedBytes)) as AsyncIterable<Buffer>) {
      takeStored(chunk);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw new HpcGatError(
      `${place} is damaged: its layer ${printable(name)} cannot be read: ${messageOf(error)}`,
      {
        fix,
        cause: error,
      },
    );
  } finally {
    stored.destroy();
  }
  const found = { stored: `sha256:${ofStored.digest('hex')}`, plain: `sha256:${ofPlain.digest('hex')}` };
  const differs = (
    [
      [found.stored, digest],
      [found.plain, diffId],
    ] as const
  ).find(([is, named]) => named !== undefined && is !== named);
  if (differs !== undefined) {
    throw new HpcGatError(
      `${place} is damaged: its layer ${printable(name)} has the digest ${differs[0]}, not ${printable(differs[1] ?? '')}`,
      { fix },
    );
  }
}

function restOf(layer: StoredLayer, done: number): StoredLayer {
  return { ...layer, dataOffset: layer.dataOffset + done, sizeBytes: layer.sizeBytes - done };
}

function openLayer({ file, dataOffset, sizeBytes }: StoredLayer): Readable {
  return sizeBytes === 0
    ? Readable.from([])
    : createReadStream(file, {
        start: dataOffset,
        end: dataOffset + sizeBytes - 1,
        highWaterMark: chunkBytes,
      });
}

/** Errors of either end come out of the stream that is returned. */
function inflated(stored: Readable, codec: StoredLayer['codec']): Readable {
  const done = () => undefined;
  switch (codec) {
    case 'none':
      return stored;
    case 'gzip':
      return pipeline(stored, createGunzip({ chunkSize: chunkBytes }), done);
    case 'zstd':
      return pipeline(stored, zstdFrames, createZstdDecompress({ chunkSize: chunkBytes }), done);
  }
}
