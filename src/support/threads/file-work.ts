/** Byte range of a file to read; it is shortened where the file ends. */
export interface FilePart {
  readonly file: string;
  readonly start: number;
  readonly length: number;
}

/** Byte range to copy between files that are open in this process, whose descriptors all its threads share. */
export interface CopiedPart {
  readonly from: number;
  readonly start: number;
  readonly length: number;
  readonly to: number;
  readonly position: number;
}

/** Move of bytes to another position in the same file. */
export interface Move {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

/** Moves in a file that is open in this process, one after the other, towards its beginning. */
export interface MovedParts {
  readonly file: number;
  readonly moves: readonly Move[];
}

export type FileRequest =
  { readonly hash: FilePart } | { readonly copy: CopiedPart } | { readonly move: MovedParts };
/** Digest or checksum in hexadecimal; an empty text for moves. */
export type FileAnswer = string;

export interface FileWorkData {
  /** Flag that cancels the running work when it is not 0. */
  readonly canceled: Int32Array;
}

/** Running work: each step yields the number of bytes that were read since the last. */
export type FileSteps = Generator<number, FileAnswer, void>;

/**
 * Returns a function that hashes, copies or moves parts of files, in steps. The function's text runs in
 * threads, so it must not refer to other code of this module.
 */
export function createFileWork({ canceled }: FileWorkData): (request: FileRequest) => FileSteps {
  const { createCipheriv, createHash } = process.getBuiltinModule('node:crypto');
  const { closeSync, openSync, readSync, writeSync } = process.getBuiltinModule('node:fs');
  /** Size that fits a processor's cache: bytes that were just read are hashed or written from there. */
  const buffer = Buffer.allocUnsafeSlow(256 * 1024);
  const stepBytes = 1024 * 1024;

  function* read(
    descriptor: number,
    parts: readonly { readonly from: number; readonly to: number; readonly bytes: number }[],
    take: (piece: Buffer, to: number) => void,
  ): Generator<number, void, void> {
    let unreported = 0;
    for (const part of parts) {
      for (let done = 0; done < part.bytes;) {
        if (Atomics.load(canceled, 0) !== 0) {
          throw new Error('canceled');
        }
        const length = Math.min(buffer.length, part.bytes - done);
        const bytes = readSync(descriptor, buffer, 0, length, part.from + done);
        if (bytes === 0) {
          break;
        }
        take(buffer.subarray(0, bytes), part.to + done);
        done += bytes;
        unreported += bytes;
        if (unreported >= stepBytes) {
          yield unreported;
          unreported = 0;
        }
      }
    }
    yield unreported;
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
