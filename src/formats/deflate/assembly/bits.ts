/* Bit stream, lowest bit of a byte first (RFC 1951, section 3.1.1). */

/** Address of the next bytes. */
let place: u32 = 0;
let waiting: u64 = 0;
let waitingBits: u32 = 0;

export function startBits(from: u32): void {
  place = from;
  waiting = 0;
  waitingBits = 0;
}

/** Writes up to 32 bits. */
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

/** @returns the address of the byte that would follow after that many bits. */
export function placeBehind(bits: u32): u32 {
  return place + ((waitingBits + bits + 7) >>> 3);
}

/** Fills the last byte. @returns the address after the stream. */
export function endBits(): u32 {
  while (waitingBits > 0) {
    store<u8>(place, <u8>waiting);
    place++;
    waiting >>= 8;
    waitingBits -= min<u32>(8, waitingBits);
  }
  return place;
}
