import type { FileHandle } from 'node:fs/promises';
import { fileWork, type FileAnswer, type FilePart, type FileRequest, type Move } from './file-work.ts';
import { Thread } from './thread.ts';

interface Busy {
  readonly thread: Thread<FileRequest, FileAnswer, number>;
  /** That it still has to read. */
  bytes: number;
}

/** More would wait for the same disk, and each takes some MiB. */
const most = 4;
/** Bytes that wait: to start a thread takes a processor as long as to hash a quarter of them. */
const worthAnother = 512 * 1024 * 1024;

/**
 * Threads that read files beside this one, for their digests, or to copy or move what is in them. Each starts when it is
 * needed. All ends with the signal: but nothing is answered before the thread has let go of the files.
 */
export class FileThreads {
  readonly #threads: readonly Busy[];
  readonly #cancelled = new Int32Array(new SharedArrayBuffer(4));
  readonly #signal: AbortSignal;

  /** @param count so many at once, at most */
  constructor(count: number, signal: AbortSignal) {
    const data = { cancelled: this.#cancelled };
    this.#threads = Array.from({ length: Math.min(count, most) }, () => ({
      thread: new Thread(fileWork.toString(), data),
      bytes: 0,
    }));
    this.#signal = signal;
    signal.addEventListener('abort', this.#cancel);
  }

  /**
   * The SHA-256 of a part of a file, 64 hexadecimal digits.
   *
   * @param onBytes told how many bytes were read since the last call
   * @throws what the file system says; the signal's reason
   */
  async sha256(part: FilePart, onBytes?: (bytes: number) => void): Promise<string> {
    return (await this.#ask({ hash: part }, part.length, onBytes)) as string;
  }

  /**
   * Copies from a file to a place in another one. Both are to stay open meanwhile.
   *
   * @returns the CRC-32 of each `pieceBytes`; fewer where the file ends before
   * @throws what the file system says; the signal's reason
   */
  async copy(
    source: { readonly file: FileHandle; readonly start: number; readonly length: number },
    target: { readonly file: FileHandle; readonly position: number },
    pieceBytes: number,
  ): Promise<number[]> {
    const { start, length } = source;
    const { position } = target;
    const copy = { from: source.file.fd, start, length, to: target.file.fd, position, pieceBytes };
    return (await this.#ask({ copy }, length)) as number[];
  }

  /**
   * Moves bytes inside a file, which is to stay open meanwhile, towards its beginning: one move after the other.
   *
   * @throws what the file system says; the signal's reason
   */
  async move(file: FileHandle, moves: readonly Move[]): Promise<void> {
    const length = moves.reduce((sum, { bytes }) => sum + bytes, 0);
    if (length > 0) {
      await this.#ask({ move: { file: file.fd, moves } }, length);
    }
  }

  /** Starts one before there is something to do, so that this need not wait for it. */
  start(): void {
    this.#threads[0]?.thread.start();
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#cancel);
    this.#threads.forEach(({ thread }) => {
      thread.close();
    });
  }

  async #ask(request: FileRequest, length: number, onBytes?: (bytes: number) => void): Promise<FileAnswer> {
    this.#signal.throwIfAborted();
    const least = this.#threads.reduce((one, other) => (other.bytes < one.bytes ? other : one));
    const chosen = this.#threads.find(({ bytes }) => bytes < worthAnother) ?? least;
    chosen.bytes += length;
    try {
      return await chosen.thread.ask(request, onBytes);
    } catch (error) {
      this.#signal.throwIfAborted();
      throw error;
    } finally {
      chosen.bytes -= length;
    }
  }

  readonly #cancel = () => {
    Atomics.store(this.#cancelled, 0, 1);
  };
}
