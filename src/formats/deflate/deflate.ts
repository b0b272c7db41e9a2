import { effortOf, type Effort } from './levels.ts';
import { deflateModule } from './module.ts';

/** What {@link deflateInPlace} needs, and can be sent to a thread. */
export interface DeflateData {
  readonly module: WebAssembly.Module;
  readonly effort: Effort;
}

/** What assembly/index.ts exports. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly inputPlace: WebAssembly.Global;
  readonly outputPlace: WebAssembly.Global;
  readonly compress: (length: number, ...effort: Effort) => number;
}

/** @param level 1 to 9 */
export function deflateData(level: number): DeflateData {
  return { module: deflateModule(), effort: effortOf(level) };
}

/**
 * Compresses blocks of up to 1 MiB to zlib streams (RFC 1950), by WebAssembly. Knows nothing of this file: threads get its
 * text.
 *
 * @returns what puts the stream of a block in the block's place, and says how long it is: 0, with the block as it was,
 * where it would not be shorter
 */
export function deflateInPlace({ module, effort }: DeflateData): (block: Uint8Array) => number {
  const { memory, inputPlace, outputPlace, compress } = new WebAssembly.Instance(module)
    .exports as unknown as Exports;
  const bytes = new Uint8Array(memory.buffer);
  return (block) => {
    bytes.set(block, inputPlace.value);
    const length = compress(block.length, ...effort);
    block.set(bytes.subarray(outputPlace.value, outputPlace.value + length));
    return length;
  };
}
