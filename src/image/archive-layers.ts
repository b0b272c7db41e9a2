import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { HpcGatError, messageOf } from '../support/errors.ts';
import type { ArchivedLayer } from './docker-archive.ts';

/** With Node's default of 16 KiB, inflating takes five times as long. */
const chunkBytes = 1024 * 1024;

/**
 * Compares every layer of an archive with the digest that the image's configuration names for it (OCI
 * image-spec, `rootfs.diff_ids`), which Apptainer does not: it makes a SIF of damaged layers without a word.
 *
 * @param onBytes told how many bytes of the file were read since the last call.
 * @throws {HpcGatError} that names the first layer that differs.
 */
export async function checkLayers(
  file: string,
  layers: readonly ArchivedLayer[],
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  for (const layer of layers) {
    const found = await digestOf(file, layer, onBytes, signal);
    if (found !== layer.diffId) {
      throw new HpcGatError(
        `${file} is damaged: its layer ${layer.name} has the digest ${found}, not ${layer.diffId}`,
        { fix: 'save or copy the image again, and compare its checksum' },
      );
    }
  }
}

async function digestOf(
  file: string,
  { dataOffset, sizeBytes, name, codec }: ArchivedLayer,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256');
  if (sizeBytes > 0) {
    const stored = createReadStream(file, {
      start: dataOffset,
      end: dataOffset + sizeBytes - 1,
      highWaterMark: chunkBytes,
    });
    stored.on('data', (chunk) => {
      onBytes(chunk.length);
    });
    const into = async (plain: AsyncIterable<Buffer>) => {
      for await (const chunk of plain) {
        hash.update(chunk);
      }
    };
    try {
      await (codec === 'none'
        ? pipeline(stored, into, { signal })
        : pipeline(stored, inflate(codec), into, { signal }));
    } catch (error) {
      signal.throwIfAborted();
      throw new HpcGatError(`${file} is damaged: its layer ${name} cannot be read: ${messageOf(error)}`, {
        fix: 'save or copy the image again, and compare its checksum',
        cause: error,
      });
    }
  }
  return `sha256:${hash.digest('hex')}`;
}

function inflate(codec: 'gzip' | 'zstd'): Transform {
  return codec === 'gzip'
    ? createGunzip({ chunkSize: chunkBytes })
    : createZstdDecompress({ chunkSize: chunkBytes });
}
