import { lengthSymbols } from './memory';

/* Alphabets of RFC 1951, section 3.2.5. Literals and lengths come first, then distances. */

export const endOfBlock: u32 = 256;
export const literalSymbols: u32 = 286;
/** Index of the first distance among the symbols of a block. */
export const firstDistance: u32 = 288;
export const distanceSymbols: u32 = 30;
export const allSymbols: u32 = firstDistance + 32;

export const minLength: u32 = 3;
export const maxLength: u32 = 258;
export const windowBytes: u32 = 32768;

/** Returns the number of extra bits of a length symbol, from 257 on. */
export function extraBitsOfLength(symbol: u32): u32 {
  return symbol < 265 || symbol === 285 ? 0 : (symbol - 261) >>> 2;
}

export function symbolOfLength(length: u32): u32 {
  return 257 + load<u8>(lengthSymbols + length);
}

/** @param past the distance minus one. */
export function symbolOfDistance(past: u32): u32 {
  if (past < 4) {
    return past;
  }
  const top = 31 - clz(past);
  return (top << 1) | ((past >>> (top - 1)) & 1);
}

/** Returns the number of extra bits of a distance symbol. */
export function extraBitsOfDistance(symbol: u32): u32 {
  return symbol < 4 ? 0 : (symbol >>> 1) - 1;
}

/** Fills the table of {@link symbolOfLength}. */
export function prepareSymbols(): void {
  let length: u32 = minLength;
  for (let symbol: u32 = 257; symbol < 285; symbol++) {
    const end = length + (1 << extraBitsOfLength(symbol));
    for (; length < end; length++) {
      store<u8>(lengthSymbols + length, <u8>(symbol - 257));
    }
  }
  store<u8>(lengthSymbols + maxLength, <u8>(285 - 257));
}
