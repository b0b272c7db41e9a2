import { constants, createGunzip, createZstdDecompress } from 'node:zlib';
import { BufferReleaser } from '../../../support/buffer-releaser.ts';
import { zstdFrames } from './zstd-frames.ts';

/** With Node's default of 16 KiB, inflating takes five times as long. */
const chunkBytes = 1024 * 1024;
/** 2 GiB, the most that zstd looks back (`--long=31`): it takes memory only where a stream says so and is as long. */
const zstdParams = { [constants.ZSTD_d_windowLogMax]: 31 };

/**
 * What gzip or zstd make of the stored bytes, which are read to their end.
 *
 * @param chunks each may be used again once the next one is asked for.
 * @throws what `chunks` throws, and zlib's errors.
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
    for await (const chunk of codec === 'gzip' ? chunks : zstdFrames(chunks)) {
      if (isAbandoned) {
        return;
      }
      // Zeros behind gzip are left alone by its decoder; they are part of the stored bytes.
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
    // Where nobody reads on, the decoder does not say that it has used up its chunk.
    decoder.destroy();
    usedUp();
    await fed;
  }
  if (failed.error !== undefined) {
    // Of what lies behind the end of the compressed bytes, where the decoder hears of nothing any more.
    throw failed.error;
  }
}
