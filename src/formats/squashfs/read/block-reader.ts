import { getErrorMessage } from '../../../support/errors.ts';
import type { Area } from './area.ts';
import { createBlockDecoder, type BlockDecoder } from './decoder.ts';
import type { Compressor } from './superblock.ts';

/** Decodes the blocks of one file system; its errors name the damaged block. */
export class Blocks {
  readonly #area: Area;
  readonly #compressor: Compressor;
  readonly #decoder: BlockDecoder | undefined;

  constructor(area: Area, compressor: Compressor) {
    this.#area = area;
    this.#compressor = compressor;
    this.#decoder = createBlockDecoder(compressor);
  }

  /** @throws {InvalidSifError} if the block is damaged or longer than `maxBytes`. */
  decodeSync(stored: Buffer, maxBytes: number, what: string): Buffer {
    try {
      return this.#needed().decodeSync(stored, maxBytes);
    } catch (error) {
      throw this.#explain(error, what);
    }
  }

  /** Decodes like {@link decodeSync}, in parallel with other work. */
  async decode(stored: Buffer, maxBytes: number, what: string): Promise<Buffer> {
    try {
      return await this.#needed().decode(stored, maxBytes);
    } catch (error) {
      throw this.#explain(error, what);
    }
  }

  #needed(): BlockDecoder {
    if (this.#decoder === undefined) {
      throw this.#area.refused(`is compressed with ${this.#compressor}; hpc-gat reads only gzip and zstd`);
    }
    return this.#decoder;
  }

  #explain(error: unknown, what: string): unknown {
    return this.#decoder === undefined
      ? error
      : this.#area.broken(`${what} cannot be decompressed: ${getErrorMessage(error)}`);
  }
}
