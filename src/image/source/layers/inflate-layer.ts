import { createHash } from 'node:crypto';
import { HpcGatError, getErrorMessage } from '../../../support/errors.ts';
import { toPrintable } from '../../../support/text/printable.ts';
import { inflate } from './inflate.ts';
import type { LayerReading } from './layered-image.ts';

/** Compression of a layer as stored. */
export type LayerCodec = 'none' | 'gzip' | 'zstd';

/** Detects the compression by the first bytes: RFC 1952, RFC 8878. */
export function detectCodec(start: Buffer): LayerCodec {
  const magic = start.toString('hex', 0, 4);
  // A zstd stream may begin with a skippable frame.
  return magic.startsWith('1f8b') ? 'gzip' : /^(28b52ffd|5.2a4d18)$/.test(magic) ? 'zstd' : 'none';
}

/** Stored bytes of a layer from any source. */
export interface LayerStream {
  readonly name: string;
  readonly codec: LayerCodec;
  /** Chunks, each valid until the next one is requested. */
  readonly chunks: AsyncIterable<Buffer>;
}

/** Digests of a layer's stored and uncompressed bytes. */
export interface LayerDigests {
  readonly stored: string;
  readonly uncompressed: string;
}

const fix = 'save or copy the image again, and compare its checksum';

/**
 * Yields the uncompressed bytes of a layer; each chunk is valid until the next one is requested.
 *
 * @param onBytes receives the number of stored bytes read since the last call.
 * @param onEnd receives the digests after the last byte.
 * @throws {HpcGatError} if the layer cannot be read.
 */
export async function* inflateLayer(
  place: string,
  { name, codec, chunks }: LayerStream,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
  onEnd: (digests: LayerDigests) => void,
): AsyncGenerator<Buffer> {
  const ofStored = createHash('sha256');
  const ofPlain = createHash('sha256');
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      onBytes(chunk.length);
      ofStored.update(chunk);
      yield chunk;
    }
  }
  try {
    for await (const chunk of codec === 'none' ? counted() : inflate(counted(), codec)) {
      signal.throwIfAborted();
      if (codec !== 'none') {
        ofPlain.update(chunk);
      }
      yield chunk;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof HpcGatError) {
      throw error;
    }
    throw unreadable(place, name, error);
  }
  const stored = `sha256:${ofStored.digest('hex')}`;
  onEnd({ stored, uncompressed: codec === 'none' ? stored : `sha256:${ofPlain.digest('hex')}` });
}

/**
 * Reads a layer only to check the digest of its stored bytes.
 *
 * @throws {HpcGatError} if the layer cannot be read, or its digest differs.
 */
export async function verifyStoredDigest(
  place: string,
  { name, digest, chunks }: Pick<LayerStream, 'name' | 'chunks'> & { readonly digest: string },
  { onBytes, signal }: Pick<LayerReading, 'onBytes' | 'signal'>,
): Promise<void> {
  const stored = inflateLayer(place, { name, codec: 'none', chunks }, onBytes, signal, (found) => {
    verifyDigests(place, { name, digest }, found);
  });
  while ((await stored.next()).done !== true) {
    // Only the digest is needed.
  }
}

export function unreadable(place: string, name: string, cause: unknown): HpcGatError {
  return new HpcGatError(
    `${place} is damaged: its layer ${toPrintable(name)} cannot be read: ${getErrorMessage(cause)}`,
    { fix, cause },
  );
}

/** @throws {HpcGatError} if a layer does not have the expected digests. */
export function verifyDigests(
  place: string,
  { name, digest, diffId }: { readonly name: string; readonly digest?: string; readonly diffId?: string },
  found: LayerDigests,
): void {
  for (const [is, named] of [
    [found.stored, digest],
    [found.uncompressed, diffId],
  ] as const) {
    if (named !== undefined && is !== named) {
      throw new HpcGatError(
        `${place} is damaged: its layer ${toPrintable(name)} has the digest ${is}, not ${toPrintable(named)}`,
        { fix },
      );
    }
  }
}
