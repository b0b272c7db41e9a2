/** Compresses one block after the other. */
export interface CompressionWorker {
  /** Begins to make itself ready, before there is a block. */
  start(): void;
  /** @returns the compressed bytes, where the block was; the block as it is where it does not get shorter */
  compress(block: Buffer): Promise<Buffer>;
  close(): void;
}

/** To start a thread takes a processor longer than so much takes it. */
const fewBytes = 1024 * 1024;

/** Several lanes side by side: a block takes the first that is free. The first few are compressed without them. */
export class WorkerPool {
  readonly #all: readonly CompressionWorker[];
  readonly #idle: CompressionWorker[];
  readonly #waiting: ((lane: CompressionWorker) => void)[] = [];
  readonly #here: (block: Buffer) => Buffer;
  #hereBytes = fewBytes;

  /** @param here compresses a block at once, to the same bytes. */
  constructor(all: readonly CompressionWorker[], here: (block: Buffer) => Buffer) {
    this.#all = all;
    this.#idle = all.toReversed();
    this.#here = here;
  }

  get count(): number {
    return this.#all.length;
  }

  /** So many bytes are about to come. */
  expect(bytes: number): void {
    if (bytes > this.#hereBytes) {
      this.#hereBytes = 0;
      // Whether there is something for the others to do shows when this one has enough.
      this.#idle.at(-1)?.start();
    }
  }

  async compress(block: Buffer): Promise<Buffer> {
    if (block.length <= this.#hereBytes) {
      this.#hereBytes -= block.length;
      return this.#here(block);
    }
    const lane =
      this.#idle.pop() ?? (await new Promise<CompressionWorker>((resolve) => this.#waiting.push(resolve)));
    try {
      return await lane.compress(block);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) {
        this.#idle.push(lane);
      } else {
        next(lane);
      }
    }
  }

  close(): void {
    this.#all.forEach((lane) => {
      lane.close();
    });
  }
}
