/**
 * Records of a pax header (POSIX.1-2001, pax extended header), by key. Values are bytes, since xattrs are arbitrary.
 */
export type PaxRecords = ReadonlyMap<string, Buffer>;

/** Limit far above what any file needs; a header with more records is malicious. */
const maxRecords = 10_000;

/**
 * Parses records of the form "LENGTH KEY=VALUE\n", where LENGTH counts the whole record.
 *
 * @returns undefined if they are damaged.
 */
export function parsePax(data: Buffer): Map<string, Buffer> | undefined {
  const records = new Map<string, Buffer>();
  // GNU's sparse form 0.0 repeats its keys; their values are the map of form 0.1.
  const sparse: string[] = [];
  let at = 0;
  while (at < data.length) {
    if (records.size > maxRecords) {
      return undefined;
    }
    const space = data.indexOf(0x20, at);
    const digits = data.toString('latin1', at, space);
    const end = at + Number.parseInt(digits, 10);
    const equals = data.indexOf(0x3d, space);
    const isRecord =
      space > at && /^\d{1,10}$/.test(digits) && end <= data.length && equals > space && equals < end;
    if (!isRecord || data[end - 1] !== 0x0a) {
      return undefined;
    }
    const key = data.toString('latin1', space + 1, equals);
    // The value is copied so that it does not retain its chunk.
    const value = Buffer.from(data.subarray(equals + 1, end - 1));
    if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') {
      sparse.push(value.toString('latin1'));
    } else {
      records.set(key, value);
    }
    at = end;
  }
  return sparse.length === 0 ? records : records.set(sparseMapKey, Buffer.from(sparse.join(',')));
}

/** Key for the offsets and lengths of the ranges of a sparse file, separated by commas. */
export const sparseMapKey = 'GNU.sparse.map';

/** Parses a decimal number of a record, rounded down; returns NaN for anything else. */
export function parsePaxNumber(value: Buffer): number {
  const [, digits = '', fraction = ''] = /^(-?\d+)(?:\.(\d*))?$/.exec(value.toString('latin1')) ?? [];
  // Rounding uses the text: a double would round a time with nanoseconds up to the next second.
  const isBelow = digits.startsWith('-') && /[1-9]/.test(fraction);
  const number = digits === '' ? Number.NaN : Number(digits) - (isBelow ? 1 : 0);
  return Number.isSafeInteger(number) ? number : Number.NaN;
}

/** Returns undefined for an empty value, which revokes an earlier one (POSIX.1-2001 pax): the header applies. */
export function getPaxText(records: PaxRecords, key: string): string | undefined {
  if (records.size === 0) {
    return undefined;
  }
  const value = records.get(key);
  return value === undefined || value.length === 0 ? undefined : value.toString('latin1');
}

/** Returns a number like {@link getPaxText} a text, or else the number of the header. */
export function getPaxNumber(records: PaxRecords, key: string, otherwise: number): number {
  const value = records.get(key);
  return value === undefined || value.length === 0 ? otherwise : parsePaxNumber(value);
}

export const xattrPrefix = 'SCHILY.xattr.';

const noXattrs: ReadonlyMap<string, Buffer> = new Map();

/** Returns the xattrs by full name, like `security.capability`. */
export function getPaxXattrs(records: PaxRecords): ReadonlyMap<string, Buffer> {
  if (records.size === 0) {
    return noXattrs;
  }
  const found = [...records].filter(([key]) => key.startsWith(xattrPrefix));
  return found.length === 0
    ? noXattrs
    : new Map(found.map(([key, value]) => [key.slice(xattrPrefix.length), value]));
}
