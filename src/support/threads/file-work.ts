/** Where bytes lie in a file, and how many are wanted; fewer where the file ends. */
export interface FilePart {
  readonly file: string;
  readonly start: number;
  readonly length: number;
}

/** The same of files that are open in this process, whose descriptors all its threads have. */
export interface CopiedPart {
  readonly from: number;
  readonly start: number;
  readonly length: number;
  readonly to: number;
  readonly position: number;
}

/** Bytes that go to another place in the same file. */
export interface Move {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

/**
 * Bytes of a file that is open in this process, and where in it they go, one move after the other: towards its
 * beginning.
 */
export interface MovedParts {
  readonly file: number;
  readonly moves: readonly Move[];
}

export type FileRequest =
  { readonly hash: FilePart } | { readonly copy: CopiedPart } | { readonly move: MovedParts };
/** A digest or a checksum, hexadecimal; of moves nothing. */
export type FileAnswer = string;

export interface FileWorkData {
  /** Not 0 when what is under way is to end. */
  readonly cancelled: Int32Array;
}

/** Work that is under way: each step says how many bytes were read since the last. */
export type FileSteps = Generator<number, FileAnswer, void>;

/**
 * Reads files, for a digest, or to copy or move what is in them, in steps. Knows nothing of this file: threads get its
 * text.
 */
export function createFileWork({ cancelled }: FileWorkData): (request: FileRequest) => FileSteps {
  const { createCipheriv, createHash } = process.getBuiltinModule('node:crypto');
  const { closeSync, openSync, readSync, writeSync } = process.getBuiltinModule('node:fs');
  /** What a processor's cache holds beside other things: what was just read is hashed or written from there. */
  const buffer = Buffer.allocUnsafeSlow(256 * 1024);
  const stepBytes = 1024 * 1024;

  function* read(
    descriptor: number,
    parts: readonly { readonly from: number; readonly to: number; readonly bytes: number }[],
    take: (piece: Buffer, to: number) => void,
  ): Generator<number, void, void> {
    let untold = 0;
    for (const part of parts) {
      for (let done = 0; done < part.bytes;) {
        if (Atomics.load(cancelled, 0) !== 0) {
          throw new Error('cancelled');
        }
        const length = Math.min(buffer.length, part.bytes - done);
        const bytes = readSync(descriptor, buffer, 0, length, part.from + done);
        if (bytes === 0) {
          break;
        }
        take(buffer.subarray(0, bytes), part.to + done);
        done += bytes;
        untold += bytes;
        if (untold >= stepBytes) {
          yield untold;
          untold = 0;
        }
      }
    }
    yield untold;
  }

  function write(descriptor: number, bytes: Buffer, position: number): void {
    for (let at = 0; at < bytes.length;) {
      at += writeSync(descriptor, bytes, at, bytes.length - at, position + at);
    }
  }

  function* hash({ file, start, length }: FilePart): FileSteps {
    const descriptor = openSync(file, 'r');
    try {
      const digest = createHash('sha256');
      yield* read(descriptor, [{ from: start, to: 0, bytes: length }], (piece) => digest.update(piece));
      return digest.digest('hex');
    } finally {
      closeSync(descriptor);
    }
  }

  function* copy({ from, to, start, length, position }: CopiedPart): FileSteps {
    const checksum = createCipheriv('aes-128-gcm', Buffer.alloc(16), Buffer.alloc(12));
    yield* read(from, [{ from: start, to: position, bytes: length }], (piece, at) => {
      checksum.setAAD(piece);
      write(to, piece, at);
    });
    checksum.final();
    return checksum.getAuthTag().toString('hex');
  }

  function* move({ file, moves }: MovedParts): FileSteps {
    yield* read(file, moves, (piece, to) => {
      write(file, piece, to);
    });
    return '';
  }

  return (request) => {
    if ('hash' in request) {
      return hash(request.hash);
    }
    return 'copy' in request ? copy(request.copy) : move(request.move);
  };
}
