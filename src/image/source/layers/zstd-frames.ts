import { ByteReader } from '../../../formats/tar/byte-reader.ts';

const magicOfFrame = 0xfd2fb528;
const runLengthBlock = 1;

/** Pieces are combined up to about this length. */
const joinBytes = 1024 * 1024;

/**
 * Yields the frames of a zstd stream (RFC 8878, section 3.1) without the skippable ones, each in a new piece. A layer
 * may have many frames, as `pzstd` and zstd:chunked write it; Node's decoder loses the data after the end of a frame
 * in the same piece.
 */
export async function* readZstdFrames(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const bytes = new ByteReader(chunks);
  try {
    yield* framesOf(bytes);
  } finally {
    await bytes.close();
  }
}

async function* framesOf(bytes: ByteReader): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let length = 0;
  const next = async (count: number) => {
    // The bytes are copied, because they are valid only until the next read.
    const piece = Buffer.from(await bytes.read(count));
    pieces.push(piece);
    length += piece.length;
    return piece;
  };
  const joined = () => {
    const whole = Buffer.concat(pieces, length);
    pieces = [];
    length = 0;
    return whole;
  };
  for (;;) {
    const magic = numberIn(await next(4), 4);
    if (length === 0) {
      return;
    }
    if (magic !== undefined && magic >>> 4 === 0x184d2a5) {
      joined();
      await bytes.skip(numberIn(await bytes.read(4), 4) ?? 0);
      continue;
    }
    if (magic === magicOfFrame) {
      const flags = numberIn(await next(1), 1) ?? 0;
      await next(restOfHeader(flags));
      for (let isLast = false; !isLast;) {
        // The decoder reports truncated data.
        const block = numberIn(await next(3), 3) ?? 1;
        isLast = (block & 1) === 1;
        await next(((block >> 1) & 3) === runLengthBlock ? 1 : block >> 3);
        if (length >= joinBytes) {
          yield joined();
        }
      }
      await next((flags & 4) === 0 ? 0 : 4);
    }
    yield joined();
  }
}

function numberIn(bytes: Buffer, length: number): number | undefined {
  return bytes.length < length ? undefined : bytes.readUIntLE(0, length);
}

/**
 * Returns the length of the optional header fields that the first byte announces: window, dictionary and size of the
 * content.
 */
function restOfHeader(flags: number): number {
  const isSingleSegment = (flags & 0x20) !== 0;
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0;
  const dictionaryBytes = [0, 1, 2, 4][flags & 3] ?? 0;
  return (isSingleSegment ? 0 : 1) + dictionaryBytes + sizeBytes;
}
