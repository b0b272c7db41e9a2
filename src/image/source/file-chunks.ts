import { open } from 'node:fs/promises';
import type { FileSlice } from './image-files.ts';

const chunkBytes = 1024 * 1024;

/**
 * The bytes of a part of a file, the next ones read while the present ones are used. Each chunk holds until the next
 * one is asked for: two buffers take turns, since to allocate one for each takes longer than to fill it.
 */
export async function* fileChunks({ file, dataOffset, sizeBytes }: FileSlice): AsyncGenerator<Buffer> {
  const handle = await open(file);
  try {
    const end = dataOffset + sizeBytes;
    const read = async (buffer: Buffer, position: number) => {
      const length = Math.min(buffer.length, end - position);
      const { bytesRead } = await handle.read(buffer, 0, length, position);
      return buffer.subarray(0, bytesRead);
    };
    // An image may have thousands of small layers.
    const length = Math.max(1, Math.min(chunkBytes, sizeBytes));
    let [present, other] = [Buffer.allocUnsafeSlow(length), Buffer.allocUnsafeSlow(length)];
    let coming = read(present, dataOffset);
    let position = dataOffset;
    for (;;) {
      const chunk = await coming;
      position += chunk.length;
      if (chunk.length === 0) {
        return;
      }
      coming = read(other, position);
      // Whoever asks for the next chunk gets the error; until then it is not an unhandled one.
      coming.catch(() => undefined);
      [present, other] = [other, present];
      yield chunk;
    }
  } finally {
    await handle.close();
  }
}
