/*
 * Compresses blocks to zlib streams, all in the memory that it is given. AssemblyScript: npm run deflate makes WebAssembly
 * of it.
 */
import { addLiteral, addMatch, finishBlocks, startBlocks } from './blocks';
import { prepareCosts } from './cost';
import { addPositions, findMatch, forgetPositions } from './matches';
import { input, output } from './memory';
import { prepareSymbols } from './symbols';

prepareSymbols();
prepareCosts();

/** Where blocks come. */
export const inputPlace: u32 = input;
/** Where their streams lie. */
export const outputPlace: u32 = output;

/**
 * Compresses a block to a zlib stream (RFC 1950).
 *
 * @param length of the block, bytes, up to 1 MiB.
 * @param depth earlier copies looked at for each position.
 * @param nice length of a copy that is good enough.
 * @param patience how many positions further on a better copy is looked for.
 * @param mark what the stream says of its level, 0 to 3.
 * @returns length of the stream, or 0 when it would not be shorter than the block.
 */
export function compress(length: u32, depth: u32, nice: u32, patience: u32, mark: u32): u32 {
  store<u64>(input + length, 0);
  const header = 0x7800 | (mark << 6);
  store<u16>(output, bswap<u16>(<u16>(header + 31 - (header % 31))));
  // Behind it comes the checksum, and it has to be shorter than the block.
  startBlocks(output + 2, output + length - 5);
  forgetPositions();
  findTokens(length, depth, nice, patience);
  const end = finishBlocks();
  if (end === 0) {
    return 0;
  }
  store<u32>(end, bswap(adler32(length)));
  return end + 4 - output;
}

/** Where fewer bytes are left nothing is looked for. */
const fewest: u32 = 4;

function findTokens(length: u32, depth: u32, nice: u32, patience: u32): void {
  let at: u32 = 0;
  while (at < length) {
    if (length - at < fewest) {
      addLiteral(load<u8>(input + at));
      at++;
      continue;
    }
    let match = findMatch(at, length - at, 2, depth, nice);
    if (match === 0) {
      addLiteral(load<u8>(input + at));
      at++;
      continue;
    }
    // A longer copy may begin a little later: then what lies before it is written as it is.
    let known = at + 1;
    let tried: u32 = 0;
    let less = depth >>> 1;
    while (tried < patience && match >>> 16 < nice && length - known >= fewest && less > 0) {
      tried++;
      const next = findMatch(known, length - known, max((match >>> 16) - 1, 2), less, nice);
      known++;
      if (next !== 0 && worth(next) > worth(match) + tried * 2) {
        for (; at + 1 < known; at++) {
          addLiteral(load<u8>(input + at));
        }
        match = next;
        tried = 0;
        less = depth >>> 1;
      } else {
        less >>>= 1;
      }
    }
    addMatch(match);
    at += match >>> 16;
    addPositions(known, min(at, length - min(length, fewest - 1)));
  }
}

/** Bits that a copy saves, about a quarter of them: it takes more for a longer distance. */
function worth(match: u32): u32 {
  return (match >>> 16) * 4 + clz(match & 0xffff);
}

/** RFC 1950, section 8.2. */
function adler32(length: u32): u32 {
  let low: u32 = 1;
  let high: u32 = 0;
  let at = input;
  const end = input + length;
  while (at < end) {
    // So many bytes do not overflow 32 bits.
    const stop = min(end, at + 5552);
    for (; at < stop; at++) {
      low += load<u8>(at);
      high += low;
    }
    low %= 65521;
    high %= 65521;
  }
  return (high << 16) | low;
}
