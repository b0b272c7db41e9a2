import { endBits, startBits } from './bits';
import { cost } from './cost';
import { blockCounts, chunkCounts, tokens } from './memory';
import { allSymbols, firstDistance, symbolOfDistance, symbolOfLength } from './symbols';
import { writeBlock } from './write-block';

/* Literals and matches become tokens, tokens chunks, and similar chunks a block with separate codes. */

/** Number of tokens in a chunk, which goes to one block. */
const chunkTokens: u32 = 2048;
const countsBytes: u32 = allSymbols * 4;

/*
 * A token consists of the length of a match and its distance minus one, 16 bits each; or of a literal, whose length
 * is 0.
 */
let end: u32 = 0;
let chunkStart: u32 = 0;
let blockStart: u32 = 0;
let blockCost: f32 = 0;

/** Address limit of the stream. */
let limit: u32 = 0;
let isTooLong: bool = false;

/** Starts a stream in the range from `from` to `to`. */
export function startBlocks(from: u32, to: u32): void {
  startBits(from);
  limit = to;
  isTooLong = false;
  end = tokens;
  chunkStart = tokens;
  blockStart = tokens;
  memory.fill(chunkCounts, 0, countsBytes);
}

export function addLiteral(byte: u32): void {
  countSymbol(byte);
  addToken(byte);
}

export function addMatch(match: u32): void {
  countSymbol(symbolOfLength(match >>> 16));
  countSymbol(firstDistance + symbolOfDistance(match & 0xffff));
  addToken(match);
}

/** @returns the address after the stream; 0 if it is too long. */
export function finishBlocks(): u32 {
  if (end > chunkStart) {
    endChunk();
  }
  endBlock(end, true);
  return isTooLong ? 0 : endBits();
}

function countSymbol(symbol: u32): void {
  const count = chunkCounts + symbol * 4;
  store<u32>(count, load<u32>(count) + 1);
}

function addToken(token: u32): void {
  store<u32>(end, token);
  end += 4;
  if (end - chunkStart === chunkTokens * 4) {
    endChunk();
  }
}

/** Adds the chunk to the block, unless two separate blocks with their own codes are shorter. */
function endChunk(): void {
  const chunkCost = cost(chunkCounts);
  if (blockStart === chunkStart) {
    beginBlock(chunkCost);
  } else {
    addCounts(chunkCounts, blockCounts, 1);
    const together = cost(blockCounts);
    if (together <= blockCost + chunkCost) {
      blockCost = together;
    } else {
      addCounts(chunkCounts, blockCounts, <u32>-1);
      endBlock(chunkStart, false);
      beginBlock(chunkCost);
    }
  }
  chunkStart = end;
  memory.fill(chunkCounts, 0, countsBytes);
}

function beginBlock(chunkCost: f32): void {
  memory.copy(blockCounts, chunkCounts, countsBytes);
  blockCost = chunkCost;
  blockStart = chunkStart;
}

function endBlock(to: u32, isLast: bool): void {
  isTooLong = isTooLong || !writeBlock(blockStart, to, isLast, limit);
}

function addCounts(from: u32, to: u32, times: u32): void {
  for (let at: u32 = 0; at < countsBytes; at += 4) {
    store<u32>(to + at, load<u32>(to + at) + load<u32>(from + at) * times);
  }
}
