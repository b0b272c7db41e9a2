import { constants, createGunzip, createZstdDecompress } from 'node:zlib';
import { BufferReleaser } from '../../../support/buffer-releaser.ts';
import { readZstdFrames } from './zstd-frames.ts';

/** Chunk size: with Node's default of 16 KiB, decompression takes five times as long. */
const chunkBytes = 1024 * 1024;
/**
 * Largest window of zstd, 2 GiB (`--long=31`): memory is used only if a stream declares such a window and is that
 * long.
 */
const zstdParams = { [constants.ZSTD_d_windowLogMax]: 31 };

/**
 * Decompresses stored bytes to their end.
 *
 * @param chunks each may be reused once the next one is requested.
 * @throws errors of `chunks` and of zlib.
 */
export async function* inflate(
  chunks: AsyncIterable<Buffer>,
  codec: 'gzip' | 'zstd',
): AsyncGenerator<Buffer> {
  const decoder =
    codec === 'gzip'
      ? createGunzip({ chunkSize: chunkBytes })
      : createZstdDecompress({ chunkSize: chunkBytes, params: zstdParams });
  let isAbandoned = false;
  let given = 0;
  let usedUp: () => void = () => undefined;
  const feed = async () => {
    for await (const chunk of codec === 'gzip' ? chunks : readZstdFrames(chunks)) {
      if (isAbandoned) {
        return;
      }
      // gzip's decoder ignores trailing zeros; they are part of the stored bytes.
      if (!decoder.destroyed && decoder.bytesWritten === given) {
        await new Promise<void>((resolve) => {
          usedUp = resolve;
          decoder.write(chunk, () => {
            resolve();
          });
        });
        given += chunk.length;
      }
    }
    decoder.end();
  };
  const failed: { error?: Error } = {};
  const fed = feed().catch((error: unknown) => {
    failed.error = error as Error;
    decoder.destroy(failed.error);
  });
  let isRead = false;
  try {
    const freed = new BufferReleaser();
    for await (const chunk of decoder as AsyncIterable<Buffer>) {
      yield chunk;
      freed.use(chunk);
    }
    isRead = true;
  } finally {
    isAbandoned = !isRead;
    // If the reader stops early, the decoder does not report that it consumed its chunk.
    decoder.destroy();
    usedUp();
    await fed;
  }
  if (failed.error !== undefined) {
    // The error is about data after the end of the compressed bytes, which the decoder no longer reports.
    throw failed.error;
  }
}
