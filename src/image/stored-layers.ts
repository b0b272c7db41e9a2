import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { HpcGatError, messageOf } from '../support/errors.ts';
import { readStart, type FileSlice } from './image-files.ts';

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

/** By the first bytes: RFC 1952, RFC 8878. */
export async function codecOf(slice: FileSlice): Promise<StoredLayer['codec']> {
  const magic = (await readStart(slice, 4)).toString('hex');
  return magic.startsWith('1f8b') ? 'gzip' : magic === '28b52ffd' ? 'zstd' : 'none';
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
    const found = await digestsOf(place, layer, onBytes, signal);
    const differs = (
      [
        [found.stored, layer.digest],
        [found.plain, layer.diffId],
      ] as const
    ).find(([is, named]) => named !== undefined && is !== named);
    if (differs !== undefined) {
      throw new HpcGatError(
        `${place} is damaged: its layer ${layer.name} has the digest ${differs[0]}, not ${differs[1] ?? ''}`,
        { fix },
      );
    }
  }
}

const fix = 'save or copy the image again, and compare its checksum';

async function digestsOf(
  place: string,
  { file, dataOffset, sizeBytes, name, codec, digest }: StoredLayer,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<{ stored: string; plain: string }> {
  const ofStored = createHash('sha256');
  const ofPlain = createHash('sha256');
  if (sizeBytes > 0) {
    const stored = createReadStream(file, {
      start: dataOffset,
      end: dataOffset + sizeBytes - 1,
      highWaterMark: chunkBytes,
    });
    stored.on('data', (chunk) => {
      onBytes(chunk.length);
      if (digest !== undefined) {
        ofStored.update(chunk);
      }
    });
    const into = async (plain: AsyncIterable<Buffer>) => {
      for await (const chunk of plain) {
        ofPlain.update(chunk);
      }
    };
    try {
      await (codec === 'none'
        ? pipeline(stored, into, { signal })
        : pipeline(stored, inflate(codec), into, { signal }));
    } catch (error) {
      signal.throwIfAborted();
      throw new HpcGatError(`${place} is damaged: its layer ${name} cannot be read: ${messageOf(error)}`, {
        fix,
        cause: error,
      });
    }
  }
  return { stored: `sha256:${ofStored.digest('hex')}`, plain: `sha256:${ofPlain.digest('hex')}` };
}

function inflate(codec: 'gzip' | 'zstd'): Transform {
  return codec === 'gzip'
    ? createGunzip({ chunkSize: chunkBytes })
    : createZstdDecompress({ chunkSize: chunkBytes });
}
