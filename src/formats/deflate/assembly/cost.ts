import { logTable } from './memory';
import { distanceSymbols, firstDistance, literalSymbols } from './symbols';

/** Estimates the bits of a block, without the extra bits of its symbols, which are the same in any block. */
export function cost(counts: u32): f32 {
  return bitsOf(counts, literalSymbols) + bitsOf(counts + firstDistance * 4, distanceSymbols) + headerBits;
}

const headerBits: f32 = 60;
/** Cost of describing the code of one symbol. */
const describedBits: f32 = 3.5;

/** Entropy by Shannon: n symbols, each occurring c times, take n log n minus the sum of c log c. */
function bitsOf(counts: u32, symbols: u32): f32 {
  let all: u32 = 0;
  let sum: f32 = 0;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const count = load<u32>(counts + symbol * 4);
    if (count > 0) {
      all += count;
      sum += information(count) - describedBits;
    }
  }
  return information(all) - sum;
}

const informationTable: u32 = 4096;

/** Returns n log2(n). */
function information(n: u32): f32 {
  if (n < informationTable) {
    return load<f32>(logTable + n * 4);
  }
  const shift = 20 - clz(n);
  return <f32>(1 << shift) * load<f32>(logTable + (n >>> shift) * 4) + <f32>n * <f32>shift;
}

export function prepareCosts(): void {
  store<f32>(logTable, 0);
  for (let n: u32 = 1; n < informationTable; n++) {
    store<f32>(logTable + n * 4, <f32>(<f64>n * logarithm(<f64>n)));
  }
}

/** Computes the logarithm to base 2 by squaring, with the same result on every machine. */
function logarithm(value: f64): f64 {
  let whole: f64 = 0;
  while (value >= 2) {
    value /= 2;
    whole += 1;
  }
  let result = whole;
  for (let bit: f64 = 0.5; bit > 1e-8; bit /= 2) {
    value *= value;
    if (value >= 2) {
      value /= 2;
      result += bit;
    }
  }
  return result;
}
