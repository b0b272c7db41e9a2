import type { FileHandle } from 'node:fs/promises';
import { writeAt } from '../../../support/files/file-access.ts';
import { allocateShared } from '../../../support/threads/thread.ts';
import { createHole, type StoredBlock } from '../file-content.ts';
import type { WorkerPool } from './worker-pool.ts';

/** Blocks in flight: enough to occupy the threads while the next blocks are read. */
const inFlightBytes = 16 * 1024 * 1024;
const fewestBlocks = 16;
const mostBlocks = 128;
/** Small writes are combined up to this length. */
const joinBytes = 1024 * 1024;

interface Pending {
  readonly block: StoredBlock;
  /** Buffer that begins with the block. */
  readonly buffer: Buffer;
  readonly raw: Buffer;
  readonly compressed: Promise<Buffer>;
}

/**
 * Compresses blocks in parallel and writes them consecutively, in the order in which they were added. Buffers are
 * reused: allocating and collecting one per block takes longer than filling it.
 */
export class BlockWriter {
  readonly #file: FileHandle;
  readonly #workers: WorkerPool;
  readonly #blockBytes: number;
  readonly #mostInFlight: number;
  readonly #base: number;
  readonly #queue: Pending[] = [];
  readonly #buffers: Buffer[] = [];
  #position: number;
  #working: Promise<void> | undefined;

  /**
   * @param blockBytes size of the largest block.
   * @param base offset of the file system in the file.
   * @param position offset of its first block, relative to `base`.
   */
  constructor(file: FileHandle, workers: WorkerPool, blockBytes: number, base: number, position: number) {
    this.#file = file;
    this.#workers = workers;
    this.#blockBytes = blockBytes;
    const wanted = Math.max(fewestBlocks, Math.min(mostBlocks, inFlightBytes / blockBytes));
    // As many blocks again wait for a worker, or to be written.
    this.#mostInFlight = Math.max(wanted, workers.count * 2);
    this.#base = base;
    this.#position = position;
  }

  /** Offset after the last block; valid right after {@link flush}. */
  get position(): number {
    return this.#position;
  }

  /** Returns a buffer for a block; waits while too many blocks are in flight. */
  async takeBuffer(): Promise<Buffer> {
    while (this.#queue.length >= this.#mostInFlight) {
      await this.#writeSome();
    }
    return this.#buffers.pop() ?? allocateShared(this.#blockBytes);
  }

  /** Returns an unused buffer to the pool. */
  giveBack(buffer: Buffer): void {
    this.#buffers.push(buffer);
  }

  /** Queues the first bytes of a buffer of {@link takeBuffer}; the caller must not use the buffer afterwards. */
  add(buffer: Buffer, length: number, block = createHole()): StoredBlock {
    const raw = buffer.subarray(0, length);
    const compressed = this.#workers.compress(raw);
    // The error goes to the code that awaits the promise later; until then it must not count as unhandled.
    compressed.catch(() => undefined);
    this.#queue.push({ block, buffer, raw, compressed });
    return block;
  }

  /** Reserves space for blocks that the caller writes there; call it right after {@link flush}. */
  pass(bytes: number): void {
    this.#position += bytes;
  }

  async flush(): Promise<void> {
    while (this.#queue.length > 0) {
      await this.#writeSome();
    }
  }

  #writeSome(): Promise<void> {
    this.#working ??= this.#writeFirst().finally(() => {
      this.#working = undefined;
    });
    return this.#working;
  }

  /** Writes at least one block, and more until at most half of the limit is in flight. */
  async #writeFirst(): Promise<void> {
    const pieces: Buffer[] = [];
    const done: Buffer[] = [];
    const from = this.#position;
    let bytes = 0;
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      if (pieces.length > 0 && this.#queue.length <= this.#mostInFlight / 2) {
        break;
      }
      const { block, buffer, raw, compressed } = first;
      const result = await compressed;
      this.#queue.shift();
      block.isUncompressed = result.length >= raw.length;
      const stored = block.isUncompressed ? raw : result;
      block.position = from + bytes;
      block.storedBytes = stored.length;
      bytes += stored.length;
      pieces.push(stored);
      done.push(buffer);
      if (bytes >= joinBytes) {
        break;
      }
    }
    this.#position += bytes;
    await writeAll(this.#file, pieces, this.#base + from);
    this.#buffers.push(...done);
  }
}

async function writeAll(file: FileHandle, pieces: Buffer[], position: number): Promise<void> {
  const { bytesWritten } = await file.writev(pieces, position);
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
  if (bytesWritten < bytes) {
    // A full disk accepts part of the data; the next write reports the error.
    await writeAt(file, position + bytesWritten, Buffer.concat(pieces).subarray(bytesWritten));
  }
}
