import { constants, inflateSync, zstdDecompressSync } from 'node:zlib';
import type { Compression } from './compression.ts';
import { prepareDeflate, deflateInPlace } from '../deflate/deflate.ts';
import type { CompressionWorker } from './write/worker-pool.ts';
import { createWorkers, type BlockWork, type CompressInPlace } from './threads/block-thread.ts';
import { zstdInPlace } from './threads/zstd-in-place.ts';

/** Compresses single blocks, each independently of the others. */
export interface BlockCodec {
  /** Opens workers that compress in parallel, on so many threads. The caller closes them. */
  openWorkers(threads: number): CompressionWorker[];
  /** @returns the unchanged block if compression does not shorten it */
  compressSync(block: Buffer): Buffer;
  decompressSync(block: Buffer): Buffer;
}

const none: BlockCodec = {
  openWorkers: () => [
    { start: () => undefined, compress: (block) => Promise.resolve(block), close: () => undefined },
  ],
  compressSync: (block) => block,
  decompressSync: (block) => block,
};

const { ZSTD_c_compressionLevel, ZSTD_c_windowLog, ZSTD_c_checksumFlag } = constants;

/**
 * Returns the codec of a compression.
 *
 * @param blockBytes size of the largest block: the kernel's decoder supports no larger window.
 */
export function createBlockCodec(compression: Compression, blockBytes: number): BlockCodec {
  switch (compression.codec) {
    case 'none':
      return none;
    case 'gzip':
      return zlibCodec(compression.level, blockBytes);
    case 'zstd':
      return zstdCodec(compression.level, blockBytes);
  }
}

/** Returns squashfs's gzip codec, whose format is zlib's (RFC 1950). */
function zlibCodec(level: number, blockBytes: number): BlockCodec {
  return threadedCodec({ begin: deflateInPlace, data: prepareDeflate(level) }, blockBytes, inflateSync);
}

function zstdCodec(level: number, blockBytes: number): BlockCodec {
  const params = {
    [ZSTD_c_compressionLevel]: level,
    [ZSTD_c_windowLog]: Math.max(10, Math.ceil(Math.log2(blockBytes))),
    [ZSTD_c_checksumFlag]: 0,
  };
  return threadedCodec({ begin: zstdInPlace, data: { params, blockBytes } }, blockBytes, zstdDecompressSync);
}

/** Returns a codec that compresses in threads, and in the calling thread where the result is needed synchronously. */
function threadedCodec<Data>(
  work: BlockWork<Data>,
  blockBytes: number,
  decompressSync: (block: Buffer, options: { maxOutputLength: number; chunkSize: number }) => Buffer,
): BlockCodec {
  let compress: CompressInPlace | undefined;
  return {
    openWorkers: (threads) => createWorkers(threads, work, blockBytes),
    compressSync: (block) => {
      compress ??= work.begin(work.data);
      const result = Buffer.from(block);
      const length = compress(result);
      return length === 0 ? block : result.subarray(0, length);
    },
    // One chunk for the whole block: Node's default chunks of 16 KiB take twice as long.
    decompressSync: (block) => decompressSync(block, { maxOutputLength: blockBytes, chunkSize: blockBytes }),
  };
}
