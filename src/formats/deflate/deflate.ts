import { getEffort, type Effort } from './levels.ts';
import { getDeflateModule } from './module.ts';

/** Input of {@link deflateInPlace}; it can be posted to a thread. */
export interface DeflateData {
  readonly module: WebAssembly.Module;
  readonly effort: Effort;
}

/** Exports of assembly/index.ts. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly inputPlace: WebAssembly.Global;
  readonly outputPlace: WebAssembly.Global;
  readonly compress: (length: number, ...effort: Effort) => number;
}

/** @param level 1 to 9 */
export function prepareDeflate(level: number): DeflateData {
  return { module: getDeflateModule(), effort: getEffort(level) };
}

/**
 * Returns a compressor of blocks of up to 1 MiB to zlib streams (RFC 1950), which runs in WebAssembly. The function
 * refers to nothing else in this file, because threads receive its source text.
 *
 * @returns a function that replaces a block by its stream and returns the length of the stream; it returns 0 and
 *   leaves the block unchanged if the stream would not be shorter.
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
