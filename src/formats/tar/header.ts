/** Size of every header of a tar; data is padded to a multiple of it. */
export const recordBytes = 512;

/** Fields of one header (POSIX.1-1988 ustar, and GNU's where they differ). Texts have one character per byte. */
export interface TarHeader {
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /**
   * One character: "0" for a file, "5" for a directory; NUL before POSIX. See POSIX.1-2001 pax, ustar interchange
   * format.
   */
  readonly type: string;
  readonly linkName: string;
  readonly major: number;
  readonly minor: number;
}

const ustar = Buffer.from('ustar');

/** Returns undefined if the checksum does not match: the bytes are not a header. Invalid numbers become NaN. */
export function decodeTarHeader(header: Buffer): TarHeader | undefined {
  if (header.length < recordBytes || !checksumFits(header)) {
    return undefined;
  }
  const isUstar = header.compare(ustar, 0, ustar.length, 257, 257 + ustar.length) === 0;
  return {
    name: nameOf(header, isUstar),
    mode: decodeTarNumber(header, 100, 8),
    uid: decodeTarNumber(header, 108, 8),
    gid: decodeTarNumber(header, 116, 8),
    sizeBytes: decodeTarNumber(header, 124, 12),
    mtime: decodeTarNumber(header, 136, 12),
    type: header.toString('latin1', 156, 157),
    linkName: decodeByteText(header, 157, 100),
    major: isUstar ? decodeTarNumber(header, 329, 8) : 0,
    minor: isUstar ? decodeTarNumber(header, 337, 8) : 0,
  };
}

/** Returns whether a record contains only zeros; such records mark the end of a tar. */
export function isZeroRecord(record: Buffer): boolean {
  return (record[0] ?? 0) === 0 && record.equals(zeroRecord.subarray(0, record.length));
}

const zeroRecord = Buffer.alloc(recordBytes);

/** Decodes the bytes up to the first NUL, one character per byte. */
export function decodeByteText(bytes: Buffer, at: number, length: number): string {
  const limit = Math.min(at + length, bytes.length);
  let end = at;
  while (end < limit && bytes[end] !== 0) {
    end += 1;
  }
  return end === at ? '' : bytes.toString('latin1', at, end);
}

/**
 * Decodes octal digits, or a base-256 number if the top bit is set (GNU). Returns NaN for anything else, and for
 * numbers that a double cannot represent.
 */
export function decodeTarNumber(header: Buffer, at: number, length: number): number {
  const first = header.readUInt8(at);
  if ((first & 0x80) !== 0) {
    return base256(header.subarray(at, at + length), first);
  }
  return octal(header, at, at + length);
}

const space = 0x20;
const zeroDigit = 0x30;

/**
 * Decodes digits with spaces around them, up to a NUL or the end of the field; historic tars have a NUL before them,
 * too.
 */
function octal(header: Buffer, from: number, end: number): number {
  let value = 0;
  let at = from;
  while (at < end && (header[at] === space || header[at] === 0)) {
    at += 1;
  }
  for (; at < end; at += 1) {
    const digit = (header[at] ?? 0) - zeroDigit;
    if (digit < 0 || digit > 7) {
      break;
    }
    value = value * 8 + digit;
  }
  while (at < end && header[at] === space) {
    at += 1;
  }
  return at === end || header[at] === 0 ? value : Number.NaN;
}

/** Decodes two's complement in the bits after the first, which only marks such a number. */
function base256(field: Buffer, first: number): number {
  const bits = BigInt(field.length * 8 - 1);
  const unsigned = BigInt(`0x${field.toString('hex')}`) & ((1n << bits) - 1n);
  const value = Number((first & 0x40) === 0 ? unsigned : unsigned - (1n << bits));
  return Number.isSafeInteger(value) ? value : Number.NaN;
}

/** Compares the sum of the header's bytes, with its own field read as spaces; historic tars sum signed bytes. */
function checksumFits(header: Buffer): boolean {
  const stored = decodeTarNumber(header, checksumAt, checksumBytes);
  const behind = checksumAt + checksumBytes;
  const sum = space * checksumBytes + sumOf(header, 0, checksumAt) + sumOf(header, behind, recordBytes);
  return (
    stored === sum ||
    stored === sum - 256 * highIn(header, 0, checksumAt) - 256 * highIn(header, behind, recordBytes)
  );
}

const checksumAt = 148;
const checksumBytes = 8;

function sumOf(bytes: Buffer, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at += 1) {
    sum += bytes[at] ?? 0;
  }
  return sum;
}

/** Counts the bytes whose top bit is set. */
function highIn(bytes: Buffer, from: number, to: number): number {
  let high = 0;
  for (let at = from; at < to; at += 1) {
    high += (bytes[at] ?? 0) >> 7;
  }
  return high;
}

function nameOf(header: Buffer, isUstar: boolean): string {
  const name = decodeByteText(header, 0, 100);
  // GNU's magic is "ustar ": its bytes from 345 on are times, never a prefix.
  const prefix = isUstar && header[262] !== 0x20 ? decodeByteText(header, 345, prefixBytesOf(header)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

const starTrailer = Buffer.from('tar\0');

/**
 * Returns the length of the prefix: in headers of Joerg Schilling's star, which end in "tar", 24 bytes of times
 * follow it.
 */
function prefixBytesOf(header: Buffer): number {
  return header.compare(starTrailer, 0, starTrailer.length, recordBytes - starTrailer.length) === 0
    ? 131
    : 155;
}
