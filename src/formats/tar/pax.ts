/** The records of a pax header (POSIX.1-2001, pax extended header), by key; values as bytes, since xattrs hold any. */
export type PaxRecords = ReadonlyMap<string, Buffer>;

/** Far more than any file needs; a header with more is a bomb. */
const maxRecords = 10_000;

/**
 * Reads records of the form "LENGTH KEY=VALUE\n", LENGTH counting the whole record.
 *
 * @returns undefined when they are damaged.
 */
export function parsePax(data: Buffer): Map<string, Buffer> | undefined {
  const records = new Map<string, Buffer>();
  // GNU's sparse form 0.0 repeats its keys; what they say is the map of form 0.1.
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
    // Copied: the chunk that it came in is not kept for it.
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

/** Offsets and lengths of the runs of a sparse file, with commas between them. */
export const sparseMapKey = 'GNU.sparse.map';

/** A decimal number of a record, its fraction dropped downwards; NaN when it is none. */
export function paxNumber(value: Buffer): number {
  const [, digits = '', fraction = ''] = /^(-?\d+)(?:\.(\d*))?$/.exec(value.toString('latin1')) ?? [];
  // By the text: of a time and its nanoseconds a double makes the next second.
  const isBelow = digits.startsWith('-') && /[1-9]/.test(fraction);
  const number = digits === '' ? Number.NaN : Number(digits) - (isBelow ? 1 : 0);
  return Number.isSafeInteger(number) ? number : Number.NaN;
}

/** An empty value takes back what was said before (POSIX.1-2001 pax): the header holds. */
export function textIn(records: PaxRecords, key: string): string | undefined {
  if (records.size === 0) {
    return undefined;
  }
  const value = records.get(key);
  return value === undefined || value.length === 0 ? undefined : value.toString('latin1');
}

/** As {@link textIn}, with the number that the header has. */
export function numberIn(records: PaxRecords, key: string, otherwise: number): number {
  const value = records.get(key);
  return value === undefined || value.length === 0 ? otherwise : paxNumber(value);
}

export const xattrPrefix = 'SCHILY.xattr.';

const noXattrs: ReadonlyMap<string, Buffer> = new Map();

/** By full name, like `security.capability`. */
export function xattrsIn(records: PaxRecords): ReadonlyMap<string, Buffer> {
  if (records.size === 0) {
    return noXattrs;
  }
  const found = [...records].filter(([key]) => key.startsWith(xattrPrefix));
  return found.length === 0
    ? noXattrs
    : new Map(found.map(([key, value]) => [key.slice(xattrPrefix.length), value]));
}
