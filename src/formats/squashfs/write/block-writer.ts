import type { FileHandle } from 'node:fs/promises';
import { writeAt } from '../../../support/files/file-access.ts';
import { allocateShared } from '../../../support/threads/thread.ts';
import { emptyBlock, type StoredBlock } from '../file-content.ts';
import type { WorkerPool } from './worker-pool.ts';

/** On their way at once: what keeps threads busy while the next blocks are read. */
const inFlightBytes = 16 * 1024 * 1024;
const fewestBlocks = 16;
const mostBlocks = 128;
/** Small writes are joined up to this length. */
const joinBytes = 1024 * 1024;

interface Pending {
  readonly block: StoredBlock;
  /** Where its bytes lie, and more behind them. */
  readonly buffer: Buffer;
  readonly raw: Buffer;
  readonly compressed: Promise<Buffer>;
}

/**
 * Compresses blocks side by side and writes them one behind the other, in the order in which they were given. The
 * buffers that hold them go round: to allocate and collect one for each block takes longer than to fill it.
 */
export class BlockWriter {
  readonly #file: FileHandle;
  readonly #lanes: WorkerPool;
  readonly #blockBytes: number;
  readonly #mostInFlight: number;
  readonly #base: number;
  readonly #queue: Pending[] = [];
  readonly #buffers: Buffer[] = [];
  #position: number;
  #working: Promise<void> | undefined;

  /**
   * @param blockBytes the largest block.
   * @param base where the file system begins in the file.
   * @param position where its first block goes, from that beginning.
   */
  constructor(file: FileHandle, lanes: WorkerPool, blockBytes: number, base: number, position: number) {
    this.#file = file;
    this.#lanes = lanes;
    this.#blockBytes = blockBytes;
    const wanted = Math.max(fewestBlocks, Math.min(mostBlocks, inFlightBytes / blockBytes));
    // As many again wait for a lane, or to be written.
    this.#mostInFlight = Math.max(wanted, lanes.count * 2);
    this.#base = base;
    this.#position = position;
  }

  /** Behind the last block; right after {@link flush}. */
  get position(): number {
    return this.#position;
  }

  /** A buffer for a block; waits while too many are on their way. */
  async takeBuffer(): Promise<Buffer> {
    while (this.#queue.length >= this.#mostInFlight) {
      await this.#writeSome();
    }
    return this.#buffers.pop() ?? allocateShared(this.#blockBytes);
  }

  /** Takes a buffer back that nothing came into. */
  giveBack(buffer: Buffer): void {
    this.#buffers.push(buffer);
  }

  /** Takes the first bytes of a buffer of {@link takeBuffer}, which is not the caller's any more. */
  add(buffer: Buffer, length: number, block = emptyBlock()): StoredBlock {
    const raw = buffer.subarray(0, length);
    const compressed = this.#lanes.compress(raw);
    // Whoever awaits it later gets the error; until then it is not an unhandled one.
    compressed.catch(() => undefined);
    this.#queue.push({ block, buffer, raw, compressed });
    return block;
  }

  /** Leaves room for blocks that somebody else has written there; right after {@link flush}. */
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

  /** At least one block, with as many behind it as half of those on their way. */
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
      block.plain = result.length >= raw.length;
      const stored = block.plain ? raw : result;
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
    // A disk that fills up takes a part; the next write says why.
    await writeAt(file, position + bytesWritten, Buffer.concat(pieces).subarray(bytesWritten));
  }
}
