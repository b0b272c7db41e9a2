import { promisify } from 'node:util';
import { inflate, inflateSync, zstdDecompress, zstdDecompressSync } from 'node:zlib';
import type { Compressor } from './superblock.ts';

/**
 * Decompresses single blocks. Both functions throw if the block is damaged, longer than the limit, or followed by
 * other bytes.
 */
export interface BlockDecoder {
  /** Runs in libuv's thread pool. */
  decode(stored: Buffer, maxBytes: number): Promise<Buffer>;
  decodeSync(stored: Buffer, maxBytes: number): Buffer;
}

/** Returns undefined for a compressor that Node does not have. */
export function createBlockDecoder(compressor: Compressor): BlockDecoder | undefined {
  switch (compressor) {
    case 'gzip':
      return decoderOf(inflateSync, promisify(inflate as unknown as Asynchronous));
    case 'zstd':
      return decoderOf(zstdDecompressSync, promisify(zstdDecompress as unknown as Asynchronous));
    case 'lz4':
    case 'lzma':
    case 'lzo':
    case 'xz':
      return undefined;
  }
}

interface Options {
  readonly maxOutputLength: number;
  readonly chunkSize: number;
  /** Requests the engine too, which counts the consumed bytes. */
  readonly info: true;
}
type Asynchronous = (
  stored: Buffer,
  options: Options,
  done: (error: Error | null, result: WithEngine) => void,
) => void;
interface WithEngine {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

function decoderOf(
  sync: (stored: Buffer, options: Options) => unknown,
  asynchronous: (stored: Buffer, options: Options) => Promise<WithEngine>,
): BlockDecoder {
  const options = (maxBytes: number): Options => ({
    maxOutputLength: maxBytes,
    chunkSize: Math.max(64, maxBytes),
    info: true,
  });
  return {
    decode: async (stored, maxBytes) => whole(await asynchronous(stored, options(maxBytes)), stored),
    decodeSync: (stored, maxBytes) => whole(sync(stored, options(maxBytes)) as WithEngine, stored),
  };
}

function whole({ buffer, engine }: WithEngine, stored: Buffer): Buffer {
  if (engine.bytesWritten !== stored.length) {
    throw new Error(`ends after ${engine.bytesWritten} of ${stored.length} bytes`);
  }
  return buffer;
}
