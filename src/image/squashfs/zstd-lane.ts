import { constants, createZstdCompress, type ZstdCompress, type ZstdOptions } from 'node:zlib';
import type { Lane } from './lanes.ts';

/** Results are cut from buffers of this length: one for each is slow to allocate and to collect. */
const outputBytes = 1024 * 1024;

/**
 * Compresses blocks to zstd frames of their own, in libuv's thread pool. Making a context for every block takes as
 * much as compressing it; this one is kept. The frames are those of `zstdCompress` with `pledgedSrcSize`, whatever was
 * compressed before.
 */
export class ZstdLane implements Lane {
  readonly #stream: ZstdCompress;
  #pieces: Buffer[] = [];

  constructor(params: ZstdOptions['params']) {
    this.#stream = createZstdCompress({
      ...(params !== undefined && { params }),
      // Every write ends a frame; the next one begins another with the same parameters.
      flush: constants.ZSTD_e_end,
      chunkSize: outputBytes,
    });
    this.#stream.on('data', (piece: Buffer) => this.#pieces.push(piece));
  }

  async compress(block: Buffer): Promise<Buffer> {
    await new Promise<void>((resolve, reject) => {
      this.#stream.write(block, (error) => {
        if (error || this.#stream.destroyed) {
          reject(error ?? new Error('closed while it compressed'));
        } else {
          resolve();
        }
      });
    });
    const pieces = this.#pieces;
    this.#pieces = [];
    const [first] = pieces;
    return pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces);
  }

  close(): void {
    this.#stream.destroy();
  }
}
