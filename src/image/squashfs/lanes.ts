/** Compresses one block after the other. */
export interface Lane {
  /** @returns the compressed bytes, where the block was; the block as it is where it does not get shorter */
  compress(block: Buffer): Promise<Buffer>;
  close(): void;
}

/** Several lanes side by side: a block takes the first that is free. */
export class Lanes {
  readonly #all: readonly Lane[];
  readonly #idle: Lane[];
  readonly #waiting: ((lane: Lane) => void)[] = [];

  constructor(all: readonly Lane[]) {
    this.#all = all;
    this.#idle = all.toReversed();
  }

  get count(): number {
    return this.#all.length;
  }

  async compress(block: Buffer): Promise<Buffer> {
    const lane = this.#idle.pop() ?? (await new Promise<Lane>((resolve) => this.#waiting.push(resolve)));
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
