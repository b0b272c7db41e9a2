import type { ZstdOptions } from 'node:zlib';
import type { CompressInPlace } from './block-thread.ts';

interface ZstdData {
  readonly params: NonNullable<ZstdOptions['params']>;
  /** Of the largest block. */
  readonly blockBytes: number;
}

/** What a stream of Node's zlib works with, and does not document. */
interface KeptContext {
  readonly _handle?: {
    writeSync?: (
      flush: number,
      ...[from, fromAt, fromBytes, to, toAt, toBytes]: [Uint8Array, number, number, Buffer, number, number]
    ) => void;
  };
  /** How many bytes of the output, and of the input, are left. */
  readonly _writeState?: Uint32Array;
}

/**
 * Compresses blocks to zstd frames of their own, those of `zstdCompressSync` with `pledgedSrcSize`. That one makes a context for
 * each block, which takes a fifth of the time; a stream keeps its own, but is fed from outside the thread alone. So it is
 * taken at the stream's inside, where that is as it is known to be and a block comes out the same.
 *
 * Knows nothing of this file: threads get its text.
 */
export function zstdInPlace({ params, blockBytes }: ZstdData): CompressInPlace {
  const { constants, createZstdCompress, zstdCompressSync } = process.getBuiltinModule('node:zlib');
  const flush = constants.ZSTD_e_end;
  // What does not compress comes out a little longer than it went in.
  const output = Buffer.allocUnsafeSlow(blockBytes + 1024);
  const compressAlone = (block: Uint8Array): Buffer =>
    zstdCompressSync(block, { params, pledgedSrcSize: block.length, chunkSize: output.length });

  const { _handle: handle, _writeState: left } = createZstdCompress({ params, flush }) as KeptContext;
  const compressKept = (block: Uint8Array): Buffer => {
    handle?.writeSync?.(flush, block, 0, block.length, output, 0, output.length);
    return output.subarray(0, output.length - (left?.[0] ?? output.length));
  };
  const trial = Buffer.alloc(Math.min(blockBytes, 4096), 'trial');
  const isKept = [1, 2].every(() => compressKept(trial).equals(compressAlone(trial)));

  return (block) => {
    const frame = isKept ? compressKept(block) : compressAlone(block);
    if (frame.length >= block.length) {
      return 0;
    }
    block.set(frame);
    return frame.length;
  };
}
