import { putBits } from './bits';
import { findCodes, findLengths } from './huffman';
import { runCodes, runCounts, runLengths, runs, symbolLengths } from './memory';
import { distanceSymbols, firstDistance, literalSymbols } from './symbols';

/* Description of the code lengths (RFC 1951, section 3.2.7). */

/** Order in which the lengths of the code for the lengths are written. */
const order: StaticArray<u8> = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const runSymbols: u32 = 19;
const longestRunCode: u32 = 7;

let literalsUsed: u32 = 0;
let distancesUsed: u32 = 0;
let runsEnd: u32 = 0;
let orderUsed: u32 = 0;

/** Prepares the description. @returns its size in bits. */
export function describeLengths(): u32 {
  literalsUsed = usedLengths(symbolLengths, literalSymbols, 257);
  distancesUsed = usedLengths(symbolLengths + firstDistance, distanceSymbols, 1);
  memory.fill(runCounts, 0, runSymbols * 4);
  runsEnd = runs;
  // Both are treated as one list: runs may extend from the first to the second.
  const all = literalsUsed + distancesUsed;
  for (let at: u32 = 0; at < all;) {
    const length = lengthAt(at);
    let same: u32 = 1;
    while (at + same < all && lengthAt(at + same) === length) {
      same++;
    }
    at += same;
    if (length === 0) {
      while (same >= 11) {
        const taken = min<u32>(same, 138);
        addRun(18, taken - 11, 7);
        same -= taken;
      }
      if (same >= 3) {
        addRun(17, same - 3, 3);
        same = 0;
      }
    } else {
      addRun(length, 0, 0);
      same--;
      while (same >= 3) {
        const taken = min<u32>(same, 6);
        addRun(16, taken - 3, 2);
        same -= taken;
      }
    }
    for (; same > 0; same--) {
      addRun(length, 0, 0);
    }
  }
  findLengths(runCounts, runSymbols, longestRunCode, runLengths);
  orderUsed = runSymbols;
  while (orderUsed > 4 && load<u8>(runLengths + <u32>unchecked(order[orderUsed - 1])) === 0) {
    orderUsed--;
  }
  let bits = 14 + orderUsed * 3;
  for (let at = runs; at < runsEnd; at += 4) {
    bits += <u32>load<u8>(runLengths + <u32>load<u8>(at)) + <u32>load<u8>(at, 2);
  }
  return bits;
}

function usedLengths(lengths: u32, symbols: u32, least: u32): u32 {
  let used = symbols;
  while (used > least && load<u8>(lengths + used - 1) === 0) {
    used--;
  }
  return used;
}

function lengthAt(at: u32): u32 {
  return load<u8>(symbolLengths + (at < literalsUsed ? at : firstDistance + at - literalsUsed));
}

function addRun(symbol: u32, extra: u32, bits: u32): void {
  store<u8>(runsEnd, <u8>symbol);
  store<u8>(runsEnd, <u8>extra, 1);
  store<u8>(runsEnd, <u8>bits, 2);
  runsEnd += 4;
  store<u32>(runCounts + symbol * 4, load<u32>(runCounts + symbol * 4) + 1);
}

export function writeDescription(): void {
  findCodes(runLengths, runSymbols, runCodes);
  putBits((literalsUsed - 257) | ((distancesUsed - 1) << 5) | ((orderUsed - 4) << 10), 14);
  for (let at: u32 = 0; at < orderUsed; at++) {
    putBits(load<u8>(runLengths + <u32>unchecked(order[at])), 3);
  }
  for (let at = runs; at < runsEnd; at += 4) {
    const symbol: u32 = load<u8>(at);
    putBits(load<u32>(runCodes + symbol * 4), load<u8>(runLengths + symbol));
    putBits(load<u8>(at, 1), load<u8>(at, 2));
  }
}
