import { constants, createZstdCompress, type ZstdCompress, type ZstdOptions } from 'node:zlib';
import { FreedInTurn } from '../../support/freed-in-turn.ts';
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
  readonly #freed = new FreedInTurn();

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
    return this.#take(block);
  }

  /** What has come, in the block's own place where it fits: what the decoder has filled is then free at once. */
  #take(block: Buffer): Buffer {
    const pieces = this.#pieces;
    this.#pieces = [];
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (length >= block.length) {
      return Buffer.concat(pieces);
    }
    let filled = 0;
    for (const piece of pieces) {
      filled += piece.copy(block, filled);
      this.#freed.use(piece);
    }
    return block.subarray(0, length);
  }

  close(): void {
    this.#stream.destroy();
  }
}
