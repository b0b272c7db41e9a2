/* Addresses in the module's memory; nothing is allocated. Lengths are in bytes. */

/** Block, followed by zeros that may be read. */
export const input: u32 = 0x0010_0000;
/** Stream of the block, no longer than the block. */
export const output: u32 = 0x0021_0000;
/** One word for each literal and match of the block. */
export const tokens: u32 = 0x0060_0000;

/** Last position by hash of 4 bytes and of 3 bytes, and the previous one by position: 16 bits each. */
export const headsOf4: u32 = 0x0001_0000;
export const headsOf3: u32 = 0x0003_0000;
export const previous: u32 = 0x0004_0000;

/* Small tables, of words unless noted otherwise. */
export const lengthSymbols: u32 = 0x0006_0000; // bytes, by length of a match
export const lengthCodes: u32 = 0x0006_0200; // by length of a match: code and extra bits
export const lengthBits: u32 = 0x0006_0700; // bytes, by length of a match
export const blockCounts: u32 = 0x0006_1000; // of the symbols of the current block
export const chunkCounts: u32 = 0x0006_2000; // of the latest tokens
export const symbolLengths: u32 = 0x0006_3000; // bytes, by symbol
export const symbolCodes: u32 = 0x0006_4000; // by symbol
export const sorted: u32 = 0x0006_5000; // symbols by count
export const nodes: u32 = 0x0006_6000; // counts of the tree's nodes
export const parents: u32 = 0x0006_8000; // of the tree's nodes
export const lengthCounts: u32 = 0x0006_a000; // by length of a code
export const runs: u32 = 0x0006_b000; // the code lengths, as they are written
export const runCounts: u32 = 0x0006_c000;
export const runLengths: u32 = 0x0006_c100; // bytes
export const runCodes: u32 = 0x0006_c200;
export const logTable: u32 = 0x0007_0000; // n * log2(n), f32, by n below 4096
