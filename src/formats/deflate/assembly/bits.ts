/* The stream, bit by bit, the lowest of a byte first (RFC 1951, section 3.1.1). */

/** Where the next bytes go. */
let place: u32 = 0;
let waiting: u64 = 0;
let waitingBits: u32 = 0;

export function startBits(from: u32): void {
  place = from;
  waiting = 0;
  waitingBits = 0;
}

/** Up to 32 bits. */
export function putBits(bits: u32, length: u32): void {
  waiting |= (<u64>bits) << waitingBits;
  waitingBits += length;
  if (waitingBits >= 32) {
    store<u32>(place, <u32>waiting);
    place += 4;
    waiting >>= 32;
    waitingBits -= 32;
  }
}

/** @returns where a byte would end that many bits from here. */
export function placeBehind(bits: u32): u32 {
  return place + ((waitingBits + bits + 7) >>> 3);
}

/** Fills the last byte. @returns where the stream ends. */
export function endBits(): u32 {
  while (waitingBits > 0) {
    store<u8>(place, <u8>waiting);
    place++;
    waiting >>= 8;
    waitingBits -= min<u32>(8, waitingBits);
  }
  return place;
}
