/** Floating-point format of 16 bits: sign, exponent, fraction. Node 22 has no Float16Array. */
export interface SmallFloat {
  readonly exponentBits: number;
  readonly fractionBits: number;
}

/** Format IEEE 754 binary16. */
export const half: SmallFloat = { exponentBits: 5, fractionBits: 10 };

/** Format of the upper half of an IEEE 754 binary32. */
export const bfloat16: SmallFloat = { exponentBits: 8, fractionBits: 7 };

export function decodeFloat({ exponentBits, fractionBits }: SmallFloat, bits: number): number {
  const bias = 2 ** (exponentBits - 1) - 1;
  const one = 2 ** fractionBits;
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits & 0x7fff) >> fractionBits;
  const fraction = bits & (one - 1);
  if (exponent === 2 ** exponentBits - 1) {
    return fraction === 0 ? sign * Infinity : NaN;
  }
  return exponent === 0
    ? sign * fraction * 2 ** (1 - bias - fractionBits)
    : sign * (one + fraction) * 2 ** (exponent - bias - fractionBits);
}

/**
 * Encodes a number as the nearest value of the format, of two the one with the even fraction; as infinity
 * beyond its range.
 */
export function encodeFloat({ exponentBits, fractionBits }: SmallFloat, value: number): number {
  const bias = 2 ** (exponentBits - 1) - 1;
  const infinity = (2 ** exponentBits - 1) << fractionBits;
  if (Number.isNaN(value)) {
    return infinity | (1 << (fractionBits - 1));
  }
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  // Below the smallest normal number the steps stay as wide as there.
  const exponent = Math.max(1 - bias, Math.floor(Math.log2(size)));
  const steps = roundToEven(size / 2 ** (exponent - fractionBits));
  // A full fraction carries into the exponent.
  const bits = (exponent + bias - 1) * 2 ** fractionBits + steps;
  return sign | (bits < infinity ? bits : infinity);
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return below + (rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? 1 : 0);
}
