import { promisify } from 'node:util';
import {
  constants,
  deflate,
  deflateSync,
  inflateSync,
  zstdCompress,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib';
import type { Compression } from '../compression.ts';

/** Compresses single blocks: each stands for itself, whatever was compressed before. */
export interface BlockCodec {
  /** In libuv's thread pool; several at once. */
  compress(block: Buffer): Promise<Buffer>;
  compressSync(block: Buffer): Buffer;
  decompressSync(block: Buffer): Buffer;
}

const none: BlockCodec = {
  compress: (block) => Promise.resolve(block),
  compressSync: (block) => block,
  decompressSync: (block) => block,
};

const { ZSTD_c_compressionLevel, ZSTD_c_windowLog, ZSTD_c_checksumFlag } = constants;

/**
 * @param blockBytes the largest block: the kernel's decoder holds no larger window.
 */
export function blockCodec(compression: Compression, blockBytes: number): BlockCodec {
  if (compression.codec === 'none') {
    return none;
  }
  if (compression.codec === 'gzip') {
    // squashfs calls it gzip and means zlib's format, RFC 1950.
    const options = { level: compression.level, chunkSize: blockBytes };
    return {
      compress: (block) => promisify<Buffer, typeof options, Buffer>(deflate)(block, options),
      compressSync: (block) => deflateSync(block, options),
      decompressSync: (block) => inflateSync(block, { maxOutputLength: blockBytes }),
    };
  }
  const params = {
    [ZSTD_c_compressionLevel]: compression.level,
    [ZSTD_c_windowLog]: Math.max(10, Math.ceil(Math.log2(blockBytes))),
    [ZSTD_c_checksumFlag]: 0,
  };
  const options = (block: Buffer) => ({ params, pledgedSrcSize: block.length, chunkSize: blockBytes });
  return {
    compress: (block) =>
      promisify<Buffer, ReturnType<typeof options>, Buffer>(zstdCompress)(block, options(block)),
    compressSync: (block) => zstdCompressSync(block, options(block)),
    decompressSync: (block) => zstdDecompressSync(block, { maxOutputLength: blockBytes }),
  };
}
