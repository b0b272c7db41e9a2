import { placeBehind, putBits } from './bits';
import { describeLengths, writeDescription } from './description';
import { findCodes, findLengths } from './huffman';
import { blockCounts, lengthBits, lengthCodes, symbolCodes, symbolLengths } from './memory';
import {
  allSymbols,
  distanceSymbols,
  endOfBlock,
  extraBitsOfDistance,
  extraBitsOfLength,
  firstDistance,
  literalSymbols,
  maxLength,
  minLength,
  symbolOfDistance,
  symbolOfLength,
} from './symbols';

/**
 * Writes tokens, counted in `blockCounts`, with the best codes for their counts or with the fixed codes.
 *
 * @returns false, and writes nothing, if the result would not end before `limit`.
 */
export function writeBlock(from: u32, to: u32, isLast: bool, limit: u32): bool {
  store<u32>(blockCounts + endOfBlock * 4, 1);
  findLengths(blockCounts, firstDistance, 15, symbolLengths);
  findLengths(blockCounts + firstDistance * 4, allSymbols - firstDistance, 15, symbolLengths + firstDistance);
  const ownBits = describeLengths() + symbolBits();
  const fixedBits = fixedCodeBits();
  if (placeBehind(3 + min(fixedBits, ownBits) + extraBits()) > limit) {
    return false;
  }
  putBits((isLast ? 1 : 0) | (fixedBits <= ownBits ? 2 : 4), 3);
  if (fixedBits <= ownBits) {
    useFixedLengths();
  } else {
    writeDescription();
  }
  findCodes(symbolLengths, firstDistance, symbolCodes);
  findCodes(symbolLengths + firstDistance, allSymbols - firstDistance, symbolCodes + firstDistance * 4);
  prepareLengthCodes();
  writeTokens(from, to);
  return true;
}

function symbolBits(): u32 {
  let bits: u32 = 0;
  for (let symbol: u32 = 0; symbol < allSymbols; symbol++) {
    bits += load<u32>(blockCounts + symbol * 4) * <u32>load<u8>(symbolLengths + symbol);
  }
  return bits;
}

/** Writes the extra bits of the symbols. */
function extraBits(): u32 {
  let bits: u32 = 0;
  for (let symbol: u32 = 257; symbol < literalSymbols; symbol++) {
    bits += load<u32>(blockCounts + symbol * 4) * extraBitsOfLength(symbol);
  }
  for (let symbol: u32 = 0; symbol < distanceSymbols; symbol++) {
    bits += load<u32>(blockCounts + (firstDistance + symbol) * 4) * extraBitsOfDistance(symbol);
  }
  return bits;
}

function fixedLength(symbol: u32): u32 {
  return symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : symbol < firstDistance ? 8 : 5;
}

function fixedCodeBits(): u32 {
  let bits: u32 = 0;
  for (let symbol: u32 = 0; symbol < allSymbols; symbol++) {
    bits += load<u32>(blockCounts + symbol * 4) * fixedLength(symbol);
  }
  return bits;
}

function useFixedLengths(): void {
  for (let symbol: u32 = 0; symbol < allSymbols; symbol++) {
    store<u8>(symbolLengths + symbol, <u8>fixedLength(symbol));
  }
}

/** Prepares code and extra bits of each match length, combined. */
function prepareLengthCodes(): void {
  let before: u32 = 0;
  let rank: u32 = 0;
  for (let length = minLength; length <= maxLength; length++) {
    const symbol = symbolOfLength(length);
    rank = symbol === before ? rank + 1 : 0;
    before = symbol;
    const bits: u32 = load<u8>(symbolLengths + symbol);
    store<u32>(lengthCodes + length * 4, load<u32>(symbolCodes + symbol * 4) | (rank << bits));
    store<u8>(lengthBits + length, <u8>(bits + extraBitsOfLength(symbol)));
  }
}

function writeTokens(from: u32, to: u32): void {
  for (let at = from; at < to; at += 4) {
    const token = load<u32>(at);
    const length = token >>> 16;
    if (length === 0) {
      putBits(load<u32>(symbolCodes + token * 4), load<u8>(symbolLengths + token));
    } else {
      putBits(load<u32>(lengthCodes + length * 4), load<u8>(lengthBits + length));
      const past = token & 0xffff;
      const symbol = firstDistance + symbolOfDistance(past);
      const bits: u32 = load<u8>(symbolLengths + symbol);
      const extra = extraBitsOfDistance(symbol - firstDistance);
      putBits(load<u32>(symbolCodes + symbol * 4) | ((past & ((1 << extra) - 1)) << bits), bits + extra);
    }
  }
  putBits(load<u32>(symbolCodes + endOfBlock * 4), load<u8>(symbolLengths + endOfBlock));
}
