import { constants, inflateSync, zstdDecompressSync } from 'node:zlib';
import type { Compression } from './compression.ts';
import { deflateData, deflateInPlace } from '../deflate/deflate.ts';
import type { CompressionWorker } from './write/worker-pool.ts';
import { threadLanes, type BlockWork, type CompressInPlace } from './threads/block-thread.ts';
import { zstdInPlace } from './threads/zstd-in-place.ts';

/** Compresses single blocks: each stands for itself, whatever was compressed before. */
export interface BlockCodec {
  /** Compress side by side in so many threads; to be closed. */
  openLanes(threads: number): CompressionWorker[];
  /** @returns the block as it is where it does not get shorter */
  compressSync(block: Buffer): Buffer;
  decompressSync(block: Buffer): Buffer;
}

const none: BlockCodec = {
  openLanes: () => [
    { start: () => undefined, compress: (block) => Promise.resolve(block), close: () => undefined },
  ],
  compressSync: (block) => block,
  decompressSync: (block) => block,
};

const { ZSTD_c_compressionLevel, ZSTD_c_windowLog, ZSTD_c_checksumFlag } = constants;

/**
 * @param blockBytes the largest block: the kernel's decoder holds no larger window.
 */
export function blockCodec(compression: Compression, blockBytes: number): BlockCodec {
  switch (compression.codec) {
    case 'none':
      return none;
    case 'gzip':
      return zlibCodec(compression.level, blockBytes);
    case 'zstd':
      return zstdCodec(compression.level, blockBytes);
  }
}

/** squashfs calls it gzip and means zlib's format, RFC 1950. */
function zlibCodec(level: number, blockBytes: number): BlockCodec {
  return threadedCodec({ begin: deflateInPlace, data: deflateData(level) }, blockBytes, inflateSync);
}

function zstdCodec(level: number, blockBytes: number): BlockCodec {
  const params = {
    [ZSTD_c_compressionLevel]: level,
    [ZSTD_c_windowLog]: Math.max(10, Math.ceil(Math.log2(blockBytes))),
    [ZSTD_c_checksumFlag]: 0,
  };
  return threadedCodec({ begin: zstdInPlace, data: { params, blockBytes } }, blockBytes, zstdDecompressSync);
}

/** What the threads do, this one does for blocks that have to be there at once. */
function threadedCodec<Data>(
  work: BlockWork<Data>,
  blockBytes: number,
  decompressSync: (block: Buffer, options: { maxOutputLength: number; chunkSize: number }) => Buffer,
): BlockCodec {
  let compress: CompressInPlace | undefined;
  return {
    openLanes: (threads) => threadLanes(threads, work, blockBytes),
    compressSync: (block) => {
      compress ??= work.begin(work.data);
      const result = Buffer.from(block);
      const length = compress(result);
      return length === 0 ? block : result.subarray(0, length);
    },
    // At once: in Node's chunks of 16 KiB it takes twice as long.
    decompressSync: (block) => decompressSync(block, { maxOutputLength: blockBytes, chunkSize: blockBytes }),
  };
}
