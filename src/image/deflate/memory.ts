/** Of the program's memory, in pages of 64 KiB; assembly/memory.ts says what lies where. */
export const memoryPages = 160;

/** Where the blocks lie, as assembly/memory.ts has it. */
const placesAt = 0x32_0000;
const placeBytes = 0x10_0000;

/** Blocks that the memory has places for. */
export const placesInMemory = 2;

export function newMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: memoryPages, maximum: memoryPages, shared: true });
}

/** The bytes in a place: a block before it is compressed, its stream after that. */
export function bytesInPlace(memory: WebAssembly.Memory, place: number, length: number): Uint8Array {
  return new Uint8Array(memory.buffer, placesAt + place * placeBytes, length);
}
