import type { FileHandle } from 'node:fs/promises';

/**
 * Yields part of a file in pieces of equal length; the last one may be shorter, and the part ends early where
 * the file does. A piece is valid until the next one is requested, which is read meanwhile. Two buffers
 * alternate, because allocating one for each piece takes longer than filling it.
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
  // Short parts, of which a caller may read thousands, need no long buffers.
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
      // The request for the next piece reports the error; until then it must not count as unhandled.
      coming.catch(() => undefined);
      [present, other] = [other, present];
      yield piece;
    }
  } finally {
    // A caller that stops early may close the file.
    await coming.catch(() => undefined);
  }
}
