import { lengthCounts, nodes, parents, sorted } from './memory';

const longestCode: u32 = 15;
/** Number of bits for a symbol, below the bits for its count. */
const symbolWidth: u32 = 9;
const symbolMask: u32 = (1 << symbolWidth) - 1;
/** Gaps for sorting lists by Shell's method. */
const gaps: StaticArray<u32> = [132, 57, 23, 10, 4, 1];

/**
 * Computes the code lengths of a prefix code by Huffman's rule, none longer than `limit`.
 *
 * @param counts words: number of uses of each symbol. A single used symbol gets one bit (RFC 1951, section 3.2.7).
 * @param lengths bytes, one for each symbol: 0 for unused symbols.
 */
export function findLengths(counts: u32, symbols: u32, limit: u32, lengths: u32): void {
  const used = sortUsed(counts, symbols);
  memory.fill(lengths, 0, symbols);
  if (used < 2) {
    if (used === 1) {
      store<u8>(lengths + (load<u32>(sorted) & symbolMask), 1);
    }
    return;
  }
  const top = joinNodes(used);
  memory.fill(lengthCounts, 0, (longestCode + 1) * 4);
  // From the root down, each node is one level below its parent; depths replace parents.
  store<u32>(parents + top * 4, 0);
  for (let node = top; node-- > 0;) {
    const depth = load<u32>(parents + load<u32>(parents + node * 4) * 4) + 1;
    store<u32>(parents + node * 4, depth);
    if (node < used) {
      count(min(depth, limit), 1);
    }
  }
  shorten(limit);
  let length = limit;
  for (let at: u32 = 0; at < used; at++) {
    while (load<u32>(lengthCounts + length * 4) === 0) {
      length--;
    }
    count(length, <u32>-1);
    store<u8>(lengths + (load<u32>(sorted + at * 4) & symbolMask), <u8>length);
  }
}

/**
 * Computes the codes for given lengths (RFC 1951, section 3.2.2), with bits in the order in which they are written.
 *
 * @param codes words, one for each symbol.
 */
export function findCodes(lengths: u32, symbols: u32, codes: u32): void {
  memory.fill(lengthCounts, 0, (longestCode + 1) * 4);
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    count(load<u8>(lengths + symbol), 1);
  }
  // Counts become the first code of each length.
  let next: u32 = 0;
  store<u32>(lengthCounts, 0);
  let below: u32 = 0;
  for (let length: u32 = 1; length <= longestCode; length++) {
    next = (next + below) << 1;
    below = load<u32>(lengthCounts + length * 4);
    store<u32>(lengthCounts + length * 4, next);
  }
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const length: u32 = load<u8>(lengths + symbol);
    if (length > 0) {
      const code = load<u32>(lengthCounts + length * 4);
      count(length, 1);
      store<u32>(codes + symbol * 4, reversed(code, length));
    }
  }
}

/** @returns the number of used symbols. They are in `sorted`, the rarest first, with their counts in the upper bits. */
function sortUsed(counts: u32, symbols: u32): u32 {
  let used: u32 = 0;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const times = load<u32>(counts + symbol * 4);
    if (times > 0) {
      store<u32>(sorted + used * 4, (times << symbolWidth) | symbol);
      used++;
    }
  }
  for (let step = 0; step < gaps.length; step++) {
    const gap = unchecked(gaps[step]);
    for (let at = gap; at < used; at++) {
      const one = load<u32>(sorted + at * 4);
      let to = at;
      while (to >= gap && load<u32>(sorted + (to - gap) * 4) > one) {
        store<u32>(sorted + to * 4, load<u32>(sorted + (to - gap) * 4));
        to -= gap;
      }
      store<u32>(sorted + to * 4, one);
    }
  }
  return used;
}

/**
 * Joins the two rarest nodes until one remains. New nodes appear in the order of their counts, so that leaves and
 * inner nodes form two queues. @returns the number of the last node, the root.
 */
function joinNodes(used: u32): u32 {
  for (let leaf: u32 = 0; leaf < used; leaf++) {
    store<u32>(nodes + leaf * 4, load<u32>(sorted + leaf * 4) >>> symbolWidth);
  }
  let leaf: u32 = 0;
  let inner = used;
  const root = used * 2 - 2;
  for (let node = used; node <= root; node++) {
    let sum: u32 = 0;
    for (let child = 0; child < 2; child++) {
      const ofLeaf =
        leaf < used && (inner === node || load<u32>(nodes + leaf * 4) <= load<u32>(nodes + inner * 4));
      const taken = ofLeaf ? leaf++ : inner++;
      sum += load<u32>(nodes + taken * 4);
      store<u32>(parents + taken * 4, node);
    }
    store<u32>(nodes + node * 4, sum);
  }
  return root;
}

/**
 * Repairs codes that were cut at the limit and exceed the code space. The longest shorter code is split in two, and
 * one of the cut codes takes the other half. Each step reduces the used space by one code of the limit.
 */
function shorten(limit: u32): void {
  let taken: u32 = 0;
  for (let length: u32 = 1; length <= limit; length++) {
    taken += load<u32>(lengthCounts + length * 4) << (limit - length);
  }
  for (; taken > 1 << limit; taken--) {
    let length = limit - 1;
    while (load<u32>(lengthCounts + length * 4) === 0) {
      length--;
    }
    count(length, <u32>-1);
    count(length + 1, 2);
    count(limit, <u32>-1);
  }
}

function count(length: u32, more: u32): void {
  const place = lengthCounts + length * 4;
  store<u32>(place, load<u32>(place) + more);
}

function reversed(code: u32, length: u32): u32 {
  let result: u32 = 0;
  for (let bit: u32 = 0; bit < length; bit++) {
    result = (result << 1) | ((code >>> bit) & 1);
  }
  return result;
}
