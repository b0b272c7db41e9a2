import { Thread, type ThreadWork } from '../../../support/threads/thread.ts';
import type { CompressionWorker } from '../write/worker-pool.ts';

/**
 * Compresses a block.
 *
 * @returns the length of the result, which replaces the start of the block; 0, with the block unchanged, if the
 *   result would not be shorter.
 */
export type CompressInPlace = (block: Uint8Array) => number;

/**
 * Work of a thread, and its data. As with {@link ThreadWork}, only the function's source text is sent to the thread.
 */
export interface BlockWork<Data> {
  readonly begin: (data: Data) => CompressInPlace;
  readonly data: Data;
}

/** Number of a block, its length, and its memory on first use. */
type Request = readonly [block: number, length: number, memory: SharedArrayBuffer | undefined];

/** Bytes queued at a thread, so that it need not wait for the next block. */
const waitingBytes = 1024 * 1024;
const fewestWaiting = 2;
const mostWaiting = 8;

/**
 * Creates the workers of several threads.
 *
 * @param blockBytes size of the largest block
 */
export function createWorkers<Data>(
  threadCount: number,
  work: BlockWork<Data>,
  blockBytes: number,
): CompressionWorker[] {
  const threads = Array.from({ length: threadCount }, () => new BlockThread(work));
  const workersPerThread = Math.max(fewestWaiting, Math.min(mostWaiting, waitingBytes / blockBytes));
  // A thread starts only when those before it have a block in work and one in the queue: a few blocks need no second
  // thread.
  return Array.from({ length: workersPerThread / 2 }, () =>
    threads.flatMap((thread) => [thread, thread]),
  ).flat();
}

/** Thread that compresses blocks one after the other. It starts with the first block, if not before. */
class BlockThread<Data> implements CompressionWorker {
  readonly #thread: Thread<Request, number>;
  readonly #known = new Map<ArrayBufferLike, number>();

  constructor({ begin, data }: BlockWork<Data>) {
    this.#thread = new Thread(`(${onBlocks.toString()})(${begin.toString()})`, data);
  }

  /** @param block the beginning of a `allocateShared` */
  async compress(block: Buffer): Promise<Buffer> {
    const memory = block.buffer;
    if (!(memory instanceof SharedArrayBuffer) || block.byteOffset !== 0) {
      throw new TypeError('a thread compresses only blocks in shared memory');
    }
    const known = this.#known.get(memory);
    const number = known ?? this.#known.size;
    this.#known.set(memory, number);
    const length = await this.#thread.request([
      number,
      block.length,
      known === undefined ? memory : undefined,
    ]);
    return length === 0 ? block : block.subarray(0, length);
  }

  start(): void {
    this.#thread.start();
  }

  close(): void {
    this.#thread.close();
  }
}

/** Runs in the thread. */
function onBlocks(begin: (data: unknown) => CompressInPlace): ThreadWork<unknown, Request, number> {
  return (data) => {
    const compress = begin(data);
    const blocks: Uint8Array[] = [];
    return ([number, length, memory]) => {
      const block = memory === undefined ? blocks[number] : new Uint8Array(memory);
      if (block === undefined) {
        throw new Error(`block ${number} has no memory`);
      }
      blocks[number] = block;
      return compress(block.subarray(0, length));
    };
  };
}
