import { Worker } from 'node:worker_threads';
import { effortOf, type Effort } from './levels.ts';
import { bytesInPlace, newMemory, placesInMemory } from './memory.ts';
import { deflateModule, type DeflateExports } from './module.ts';

interface Work {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly effort: Effort;
}

/** Which place, and how many bytes are there. */
type Message = readonly [place: number, length: number];

interface Pending {
  readonly resolve: (length: number) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A thread that compresses blocks to zlib streams. It starts with the first block, and has as many places for blocks as
 * its memory: while one is compressed the next one can come.
 */
export class DeflateThread {
  readonly #effort: Effort;
  #memory: WebAssembly.Memory | undefined;
  #worker: Worker | undefined;
  readonly #pending = new Map<number, Pending>();

  /** @param level 1 to 9 */
  constructor(level: number) {
    this.#effort = effortOf(level);
  }

  static readonly places = placesInMemory;

  /**
   * @param place 0 to `places` - 1; one that is not in use
   * @param block up to 1 MiB
   * @returns the stream, where the block was, or the block itself where that would not be shorter
   */
  async compress(place: number, block: Buffer): Promise<Buffer> {
    const memory = (this.#memory ??= newMemory());
    bytesInPlace(memory, place, block.length).set(block);
    const worker = (this.#worker ??= this.#start(memory));
    const length = await new Promise<number>((resolve, reject) => {
      this.#pending.set(place, { resolve, reject });
      worker.postMessage([place, block.length] satisfies Message);
    });
    block.set(bytesInPlace(memory, place, length));
    return length === 0 ? block : block.subarray(0, length);
  }

  close(): void {
    void this.#worker?.terminate();
    this.#fail(new Error('closed while it compressed'));
  }

  #start(memory: WebAssembly.Memory): Worker {
    // Its text alone: that is there wherever the program lies, in a checkout or in one file.
    const worker = new Worker(`(${work.toString()})()`, {
      eval: true,
      workerData: { module: deflateModule(), memory, effort: this.#effort } satisfies Work,
    });
    worker.on('message', ([place, length]: Message) => {
      const pending = this.#pending.get(place);
      this.#pending.delete(place);
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

/** What the thread does; it knows nothing of this file but its own text. */
function work(): void {
  const thread = process.getBuiltinModule('node:worker_threads');
  const { module, memory, effort } = thread.workerData as Work;
  const { compress } = new WebAssembly.Instance(module, { env: { memory } }).exports as DeflateExports;
  thread.parentPort?.on('message', ([place, length]: Message) => {
    thread.parentPort?.postMessage([place, compress(place, length, ...effort)] satisfies Message);
  });
}
