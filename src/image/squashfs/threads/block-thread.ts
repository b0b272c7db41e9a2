import { Worker } from 'node:worker_threads';
import type { Lane } from '../lanes.ts';

/**
 * Compresses a block.
 *
 * @returns how many bytes of the result now lie where the block began; 0, with the block as it was, where they would not
 * be fewer than its own
 */
export type CompressInPlace = (block: Uint8Array) => number;

/**
 * What a thread does, and with what. Its text goes to the thread, and nothing around it: that is there wherever the
 * program lies, in a checkout, a package or one file.
 */
export interface ThreadWork<Data> {
  readonly begin: (data: Data) => CompressInPlace;
  readonly data: Data;
}

/** Which block, by its number, and how many bytes; its memory when it comes for the first time. */
type Request = readonly [block: number, length: number, memory: SharedArrayBuffer | undefined];
type Answer = readonly [block: number, length: number];

interface Pending {
  readonly resolve: (length: number) => void;
  readonly reject: (error: Error) => void;
}

/** What waits at a thread, so that it need not wait for the one that hands blocks out. */
const waitingBytes = 1024 * 1024;
const fewestWaiting = 2;
const mostWaiting = 8;

/** Memory for blocks, which threads work on where it is. */
export function sharedBlock(bytes: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(bytes));
}

/**
 * Lanes to so many threads.
 *
 * @param blockBytes of the largest block
 */
export function threadLanes<Data>(threadCount: number, work: ThreadWork<Data>, blockBytes: number): Lane[] {
  const threads = Array.from({ length: threadCount }, () => new BlockThread(work));
  const lanes = Math.max(fewestWaiting, Math.min(mostWaiting, waitingBytes / blockBytes));
  // The first blocks go to different threads.
  return Array.from({ length: lanes }, () => threads).flat();
}

/** A thread that compresses blocks, one after the other. It starts with the first one. */
class BlockThread<Data> implements Lane {
  readonly #work: ThreadWork<Data>;
  #worker: Worker | undefined;
  readonly #known = new Map<ArrayBufferLike, number>();
  readonly #pending = new Map<number, Pending>();

  constructor(work: ThreadWork<Data>) {
    this.#work = work;
  }

  /** @param block the beginning of a {@link sharedBlock} */
  async compress(block: Buffer): Promise<Buffer> {
    const memory = block.buffer;
    if (!(memory instanceof SharedArrayBuffer) || block.byteOffset !== 0) {
      throw new TypeError('a thread compresses blocks that it shares');
    }
    const known = this.#known.get(memory);
    const number = known ?? this.#known.size;
    this.#known.set(memory, number);
    const worker = (this.#worker ??= this.#start());
    const length = await new Promise<number>((resolve, reject) => {
      this.#pending.set(number, { resolve, reject });
      const request: Request = [number, block.length, known === undefined ? memory : undefined];
      worker.postMessage(request);
    });
    return length === 0 ? block : block.subarray(0, length);
  }

  close(): void {
    void this.#worker?.terminate();
    this.#fail(new Error('closed while it compressed'));
  }

  #start(): Worker {
    const { begin, data } = this.#work;
    const worker = new Worker(`(${serve.toString()})(${begin.toString()})`, { eval: true, workerData: data });
    worker.on('message', ([number, length]: Answer) => {
      const pending = this.#pending.get(number);
      this.#pending.delete(number);
      pending?.resolve(length);
    });
    worker.on('error', (error) => {
      this.#fail(error as Error);
    });
    return worker;
  }

  #fail(error: Error): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    pending.forEach(({ reject }) => {
      reject(error);
    });
  }
}

/** Runs in the thread. */
function serve(begin: (data: unknown) => CompressInPlace): void {
  const thread = process.getBuiltinModule('node:worker_threads');
  const compress = begin(thread.workerData);
  const blocks = new Map<number, Uint8Array>();
  thread.parentPort?.on('message', ([number, length, memory]: Request) => {
    const block = memory === undefined ? blocks.get(number) : new Uint8Array(memory);
    if (block !== undefined) {
      blocks.set(number, block);
      thread.parentPort?.postMessage([number, compress(block.subarray(0, length))] satisfies Answer);
    }
  });
}
