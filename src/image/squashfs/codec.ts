import { constants, inflateSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Compression } from '../compression.ts';
import { Deflater } from '../deflate/deflater.ts';
import { deflateLanes } from './deflate-lanes.ts';
import type { Lane } from './lanes.ts';
import { ZstdLane } from './zstd-lane.ts';

/** Compresses single blocks: each stands for itself, whatever was compressed before. */
export interface BlockCodec {
  /** Compress side by side in so many threads; to be closed. */
  openLanes(threads: number): Lane[];
  /** @returns any bytes that are not shorter where it does not compress. */
  compressSync(block: Buffer): Buffer;
  decompressSync(block: Buffer): Buffer;
}

const none: BlockCodec = {
  openLanes: () => [{ compress: (block) => Promise.resolve(block), close: () => undefined }],
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
  const deflater = new Deflater(level);
  return {
    openLanes: (threads) => deflateLanes(level, threads),
    compressSync: (block) => deflater.compress(block),
    decompressSync: (block) => inflateSync(block, { maxOutputLength: blockBytes }),
  };
}

/** What does not compress comes out a little longer than it went in. */
function outputOf(block: Buffer): number {
  return block.length + 1024;
}

function zstdCodec(level: number, blockBytes: number): BlockCodec {
  const params = {
    [ZSTD_c_compressionLevel]: level,
    [ZSTD_c_windowLog]: Math.max(10, Math.ceil(Math.log2(blockBytes))),
    [ZSTD_c_checksumFlag]: 0,
  };
  return {
    // Two more, whose blocks are on their way to a thread or back.
    openLanes: (threads) => Array.from({ length: threads + 2 }, () => new ZstdLane(params)),
    compressSync: (block) =>
      zstdCompressSync(block, { params, pledgedSrcSize: block.length, chunkSize: outputOf(block) }),
    decompressSync: (block) => zstdDecompressSync(block, { maxOutputLength: blockBytes }),
  };
}
