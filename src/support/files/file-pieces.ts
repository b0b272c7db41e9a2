import type { FileHandle } from 'node:fs/promises';

/**
 * A part of a file in pieces of one length, the last one shorter; fewer where the file ends. Each holds until the next
 * one is asked for, which is read meanwhile: two buffers take turns, since to allocate one for each takes longer than
 * to fill it.
 */
export async function* readPieces(
  handle: FileHandle,
  { start = 0, length = Number.POSITIVE_INFINITY, pieceBytes = 1024 * 1024 } = {},
): AsyncGenerator<Buffer> {
  const end = start + length;
  const read = async (buffer: Buffer, position: number): Promise<Buffer> => {
    const wanted = Math.min(buffer.length, end - position);
    let filled = 0;
    while (filled < wanted) {
      const { bytesRead } = await handle.read(buffer, filled, wanted - filled, position + filled);
      if (bytesRead === 0) {
        break;
      }
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  };
  // Those who read thousands of short parts have no use for long buffers.
  const bufferBytes = Math.min(pieceBytes, length);
  let [present, other] = [Buffer.allocUnsafeSlow(bufferBytes), Buffer.allocUnsafeSlow(bufferBytes)];
  let coming = read(present, start);
  let position = start;
  try {
    for (;;) {
      const piece = await coming;
      if (piece.length === 0) {
        return;
      }
      position += piece.length;
      coming = read(other, position);
      // Whoever asks for the next piece gets the error; until then it is not an unhandled one.
      coming.catch(() => undefined);
      [present, other] = [other, present];
      yield piece;
    }
  } finally {
    // Whoever stops early may close the file.
    await coming.catch(() => undefined);
  }
}
