import type { ZstdOptions } from 'node:zlib';
import type { CompressInPlace } from './block-thread.ts';

interface ZstdData {
  readonly params: NonNullable<ZstdOptions['params']>;
  /** Size of the largest block. */
  readonly blockBytes: number;
}

/** Undocumented internals of a stream of Node's zlib. */
interface ReusableContext {
  readonly _handle?: {
    writeSync?: (
      flush: number,
      ...[from, fromAt, fromBytes, to, toAt, toBytes]: [Uint8Array, number, number, Buffer, number, number]
    ) => void;
  };
  /** Unused bytes of the output, and of the input. */
  readonly _writeState?: Uint32Array;
}

/**
 * Compresses blocks to separate zstd frames, equal to those of `zstdCompressSync` with `pledgedSrcSize`. That
 * function creates a context for each block, which takes a fifth of the time. A stream reuses its context, but its
 * public interface is asynchronous. Therefore the stream's internals are used if they have the known form and give
 * the same bytes for a trial block.
 *
 * The function refers to nothing else in this file, because threads receive its source text.
 */
export function zstdInPlace({ params, blockBytes }: ZstdData): CompressInPlace {
  const { constants, createZstdCompress, zstdCompressSync } = process.getBuiltinModule('node:zlib');
  const flush = constants.ZSTD_e_end;
  // A block that does not compress gets slightly longer.
  const output = Buffer.allocUnsafeSlow(blockBytes + 1024);
  const compressAlone = (block: Uint8Array): Buffer =>
    zstdCompressSync(block, { params, pledgedSrcSize: block.length, chunkSize: output.length });

  const { _handle: handle, _writeState: left } = createZstdCompress({ params, flush }) as ReusableContext;
  const compressReusing = (block: Uint8Array): Buffer => {
    handle?.writeSync?.(flush, block, 0, block.length, output, 0, output.length);
    return output.subarray(0, output.length - (left?.[0] ?? output.length));
  };
  const trial = Buffer.alloc(Math.min(blockBytes, 4096), 'trial');
  const canReuse = [1, 2].every(() => compressReusing(trial).equals(compressAlone(trial)));

  return (block) => {
    const frame = canReuse ? compressReusing(block) : compressAlone(block);
    if (frame.length >= block.length) {
      return 0;
    }
    block.set(frame);
    return frame.length;
  };
}
