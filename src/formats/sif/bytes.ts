import { InvalidSifError } from './invalid.ts';

/**
 * Reads a signed 64-bit little-endian number that is an offset or a size in a file.
 *
 * @throws {InvalidSifError} if it is negative or larger than a file can be.
 */
export function readPosition(bytes: Buffer, at: number, what: string, file: string): number {
  const value = bytes.readBigInt64LE(at);
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new InvalidSifError(file, `has an impossible ${what}: ${value.toString()}`);
  }
  return Number(value);
}

/** Reads the text before the first NUL. */
export function readText(bytes: Buffer, at: number, length: number): string {
  const field = bytes.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? length : end).toString('utf8');
}
