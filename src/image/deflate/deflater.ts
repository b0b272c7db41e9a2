import { effortOf, type Effort } from './levels.ts';
import { bytesInPlace, newMemory } from './memory.ts';
import { deflateModule, type DeflateExports } from './module.ts';

/** Compresses blocks to zlib streams in this thread. */
export class Deflater {
  readonly #effort: Effort;
  readonly #memory = newMemory();
  readonly #exports: DeflateExports;

  /** @param level 1 to 9 */
  constructor(level: number) {
    this.#effort = effortOf(level);
    const imports = { env: { memory: this.#memory } };
    this.#exports = new WebAssembly.Instance(deflateModule(), imports).exports as DeflateExports;
  }

  /**
   * @param block up to 1 MiB
   * @returns a stream (RFC 1950), or the block itself where that would not be shorter
   */
  compress(block: Buffer): Buffer {
    bytesInPlace(this.#memory, 0, block.length).set(block);
    const length = this.#exports.compress(0, block.length, ...this.#effort);
    return length === 0 ? block : Buffer.from(bytesInPlace(this.#memory, 0, length));
  }
}
