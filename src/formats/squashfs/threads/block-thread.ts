import { Thread, type ThreadWork } from '../../../support/threads/thread.ts';
import type { CompressionWorker } from '../write/worker-pool.ts';

/**
 * Compresses a block.
 *
 * @returns how many bytes of the result now lie where the block began; 0, with the block as it was, where they would not
 * be fewer than its own
 */
export type CompressInPlace = (block: Uint8Array) => number;

/** What a thread does, and with what; as {@link ThreadWork}, its text goes to the thread, and nothing around it. */
export interface BlockWork<Data> {
  readonly begin: (data: Data) => CompressInPlace;
  readonly data: Data;
}

/** Which block, by its number, and how many bytes; its memory when it comes for the first time. */
type Request = readonly [block: number, length: number, memory: SharedArrayBuffer | undefined];

/** What waits at a thread, so that it need not wait for the one that hands blocks out. */
const waitingBytes = 1024 * 1024;
const fewestWaiting = 2;
const mostWaiting = 8;

/**
 * Lanes to so many threads.
 *
 * @param blockBytes of the largest block
 */
export function threadLanes<Data>(
  threadCount: number,
  work: BlockWork<Data>,
  blockBytes: number,
): CompressionWorker[] {
  const threads = Array.from({ length: threadCount }, () => new BlockThread(work));
  const lanes = Math.max(fewestWaiting, Math.min(mostWaiting, waitingBytes / blockBytes));
  // Each starts when those before it have something to do and something that waits: a few blocks need no second one.
  return Array.from({ length: lanes / 2 }, () => threads.flatMap((thread) => [thread, thread])).flat();
}

/** A thread that compresses blocks, one after the other. It starts with the first one, if not before. */
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
      throw new TypeError('a thread compresses blocks that it shares');
    }
    const known = this.#known.get(memory);
    const number = known ?? this.#known.size;
    this.#known.set(memory, number);
    const length = await this.#thread.ask([number, block.length, known === undefined ? memory : undefined]);
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
