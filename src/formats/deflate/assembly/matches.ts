import { headsOf3, headsOf4, input, previous } from './memory';
import { maxLength, windowBytes } from './symbols';

/*
 * Finds earlier matches by chains of positions with the same hash. Positions are stored modulo 65,536: an old
 * position looks like a close one, which the comparison of the bytes detects.
 */

const hashBitsOf4: u32 = 16;
const hashBitsOf3: u32 = 14;
/** Distance beyond which a match of three bytes takes more bits than the bytes. */
const farForThree: u32 = 8192;

function headOf4(word: u32): u32 {
  return headsOf4 + (((word * 0x9e37_79b1) >>> (32 - hashBitsOf4)) << 1);
}

function headOf3(word: u32): u32 {
  return headsOf3 + ((((word << 8) * 0x9e37_79b1) >>> (32 - hashBitsOf3)) << 1);
}

export function forgetPositions(): void {
  memory.fill(headsOf4, 0, 2 << hashBitsOf4);
  memory.fill(headsOf3, 0, 2 << hashBitsOf3);
}

/** Adds positions without searching for matches. */
export function addPositions(from: u32, to: u32): void {
  for (let at = from; at < to; at++) {
    const word = load<u32>(input + at);
    store<u16>(headOf3(word), <u16>at);
    const head = headOf4(word);
    store<u16>(previous + ((at & (windowBytes - 1)) << 1), load<u16>(head));
    store<u16>(head, <u16>at);
  }
}

/**
 * Adds a position, and finds its longest earlier match.
 *
 * @param left bytes from there to the end of the block, at least 4.
 * @param least only longer matches are useful.
 * @param depth maximum number of candidates.
 * @param nice match length that ends the search.
 * @returns the length in the upper half, the distance minus one in the lower; 0 if there is no match.
 */
export function findMatch(at: u32, left: u32, least: u32, depth: u32, nice: u32): u32 {
  const here = input + at;
  const word = load<u32>(here);
  const head3 = headOf3(word);
  const head4 = headOf4(word);
  const near: u32 = load<u16>(head3);
  const first: u32 = load<u16>(head4);
  store<u16>(head3, <u16>at);
  store<u16>(head4, <u16>at);
  store<u16>(previous + ((at & (windowBytes - 1)) << 1), <u16>first);
  const farthest = min(at, windowBytes);
  const longest = min(left, maxLength);
  const enough = min(nice, longest);
  let best = least;
  let found: u32 = 0;
  if (best < 3) {
    best = 3;
    const distance = (at - near) & 0xffff;
    if (distance - 1 < min(farthest, farForThree) && (load<u32>(here - distance) ^ word) << 8 === 0) {
      found = (3 << 16) | (distance - 1);
    }
  }
  let distance = (at - first) & 0xffff;
  let before: u32 = 0;
  let tail = load<u32>(here + best - 3);
  while (distance > before && distance <= farthest) {
    const there = here - distance;
    if (load<u32>(there + best - 3) === tail && load<u32>(there) === word) {
      const length = commonLength(here, there, longest);
      if (length > best) {
        found = (length << 16) | (distance - 1);
        best = length;
        if (length >= enough) {
          break;
        }
        tail = load<u32>(here + best - 3);
      }
    }
    depth--;
    if (depth === 0) {
      break;
    }
    before = distance;
    distance = (at - <u32>load<u16>(previous + (((at - distance) & (windowBytes - 1)) << 1))) & 0xffff;
  }
  return found;
}

/** Compares from the fifth byte on: the first four are known to be equal. */
function commonLength(one: u32, other: u32, longest: u32): u32 {
  let length: u32 = 4;
  while (length < longest) {
    const difference = load<u64>(one + length) ^ load<u64>(other + length);
    if (difference !== 0) {
      return min(longest, length + ((<u32>ctz(difference)) >>> 3));
    }
    length += 8;
  }
  return longest;
}
