/*
 * Compresses blocks to zlib streams, entirely in the given memory. `npm run deflate` compiles this AssemblyScript to
 * WebAssembly.
 */
import { addLiteral, addMatch, finishBlocks, startBlocks } from './blocks';
import { prepareCosts } from './cost';
import { addPositions, findMatch, forgetPositions } from './matches';
import { input, output } from './memory';
import { prepareSymbols } from './symbols';

prepareSymbols();
prepareCosts();

/** Address for blocks. */
export const inputPlace: u32 = input;
/** Address of their streams. */
export const outputPlace: u32 = output;

/**
 * Compresses a block to a zlib stream (RFC 1950).
 *
 * @param length length of the block in bytes, up to 1 MiB.
 * @param depth number of candidates that are compared for each position.
 * @param nice match length at which the search stops.
 * @param patience number of following positions at which a longer match is searched for.
 * @param mark level in the stream's header, 0 to 3.
 * @returns length of the stream, or 0 if it would not be shorter than the block.
 */
export function compress(length: u32, depth: u32, nice: u32, patience: u32, mark: u32): u32 {
  store<u64>(input + length, 0);
  const header = 0x7800 | (mark << 6);
  store<u16>(output, bswap<u16>(<u16>(header + 31 - (header % 31))));
  // The checksum follows the stream, and the result must be shorter than the block.
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

/** Number of remaining bytes below which no match is searched for. */
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
    // A longer match may begin a little later: then the bytes before it are written as literals.
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

/** Estimates the bits that a match saves; a larger distance costs more. */
function worth(match: u32): u32 {
  return (match >>> 16) * 4 + clz(match & 0xffff);
}

/** Computes Adler-32 (RFC 1950, section 8.2). */
function adler32(length: u32): u32 {
  let low: u32 = 1;
  let high: u32 = 0;
  let at = input;
  const end = input + length;
  while (at < end) {
    // This number of bytes does not overflow 32 bits.
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
