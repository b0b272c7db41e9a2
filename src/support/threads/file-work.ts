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
  /** Each of so many bytes, but for the last, gets a checksum. */
  readonly pieceBytes: number;
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
export type FileAnswer = string | number[];

export interface FileWorkData {
  /** Not 0 when what is under way is to end. */
  readonly cancelled: Int32Array;
}

/**
 * Reads files, for a digest, or to copy or move what is in them, and tells how many bytes it has read since it last did.
 * Knows nothing of this file: threads get its text.
 */
export function fileWork({ cancelled }: FileWorkData) {
  const { createHash } = process.getBuiltinModule('node:crypto');
  const { closeSync, openSync, readSync, writeSync } = process.getBuiltinModule('node:fs');
  const { crc32 } = process.getBuiltinModule('node:zlib');
  /** What a processor's cache holds beside other things: what was just read is hashed or written from there. */
  const buffer = Buffer.allocUnsafeSlow(256 * 1024);
  const tellBytes = 8 * 1024 * 1024;

  function read(
    descriptor: number,
    { start, length }: { readonly start: number; readonly length: number },
    tell: (bytes: number) => void,
    take: (piece: Buffer, done: number) => void,
  ): void {
    let untold = 0;
    for (let done = 0; done < length;) {
      if (Atomics.load(cancelled, 0) !== 0) {
        throw new Error('cancelled');
      }
      const bytes = readSync(descriptor, buffer, 0, Math.min(buffer.length, length - done), start + done);
      if (bytes === 0) {
        break;
      }
      take(buffer.subarray(0, bytes), done);
      done += bytes;
      untold += bytes;
      if (untold >= tellBytes) {
        tell(untold);
        untold = 0;
      }
    }
    tell(untold);
  }

  function write(descriptor: number, bytes: Buffer, position: number): void {
    for (let at = 0; at < bytes.length;) {
      at += writeSync(descriptor, bytes, at, bytes.length - at, position + at);
    }
  }

  function hash(part: FilePart, tell: (bytes: number) => void): string {
    const descriptor = openSync(part.file, 'r');
    try {
      const digest = createHash('sha256');
      read(descriptor, part, tell, (piece) => digest.update(piece));
      return digest.digest('hex');
    } finally {
      closeSync(descriptor);
    }
  }

  function copy(
    { from, to, position, pieceBytes, ...part }: CopiedPart,
    tell: (bytes: number) => void,
  ): number[] {
    const checksums: number[] = [];
    read(from, part, tell, (bytes, done) => {
      for (let at = 0; at < bytes.length;) {
        const piece = Math.floor((done + at) / pieceBytes);
        const end = Math.min(bytes.length, (piece + 1) * pieceBytes - done);
        checksums[piece] = crc32(bytes.subarray(at, end), checksums[piece]);
        at = end;
      }
      write(to, bytes, position + done);
    });
    return checksums;
  }

  function move({ file, moves }: MovedParts, tell: (bytes: number) => void): number[] {
    for (const { from, to, bytes } of moves) {
      read(file, { start: from, length: bytes }, tell, (piece, done) => {
        write(file, piece, to + done);
      });
    }
    return [];
  }

  return (request: FileRequest, tell: (bytes: number) => void): FileAnswer => {
    if ('hash' in request) {
      return hash(request.hash, tell);
    }
    return 'copy' in request ? copy(request.copy, tell) : move(request.move, tell);
  };
}
