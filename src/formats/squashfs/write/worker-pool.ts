/** Compresses one block after the other. */
export interface CompressionWorker {
  /** Starts the worker before the first block arrives. */
  start(): void;
  /**
   * @returns the compressed bytes in the memory of the block; the unchanged block if compression does not shorten it
   */
  compress(block: Buffer): Promise<Buffer>;
  close(): void;
}

/** Bytes that are compressed in the calling thread first: starting a thread takes longer. */
const fewBytes = 1024 * 1024;

/** Pool of workers: a block goes to the first idle one. The first few blocks are compressed in the calling thread. */
export class WorkerPool {
  readonly #all: readonly CompressionWorker[];
  readonly #idle: CompressionWorker[];
  readonly #waiting: ((worker: CompressionWorker) => void)[] = [];
  readonly #here: (block: Buffer) => Buffer;
  #hereBytes = fewBytes;

  /** @param here compresses a block synchronously, to the same bytes. */
  constructor(all: readonly CompressionWorker[], here: (block: Buffer) => Buffer) {
    this.#all = all;
    this.#idle = all.toReversed();
    this.#here = here;
  }

  get count(): number {
    return this.#all.length;
  }

  /** Announces that so many bytes will be added. */
  expect(bytes: number): void {
    if (bytes > this.#hereBytes) {
      this.#hereBytes = 0;
      // One worker is started now; the others start when it is busy.
      this.#idle.at(-1)?.start();
    }
  }

  async compress(block: Buffer): Promise<Buffer> {
    if (block.length <= this.#hereBytes) {
      this.#hereBytes -= block.length;
      return this.#here(block);
    }
    const worker =
      this.#idle.pop() ?? (await new Promise<CompressionWorker>((resolve) => this.#waiting.push(resolve)));
    try {
      return await worker.compress(block);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) {
        this.#idle.push(worker);
      } else {
        next(worker);
      }
    }
  }

  close(): void {
    this.#all.forEach((worker) => {
      worker.close();
    });
  }
}
