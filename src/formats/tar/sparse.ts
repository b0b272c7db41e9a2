import type { DataRun } from './tar-entry.ts';
import { recordBytes, decodeTarNumber, type TarHeader } from './header.ts';
import { parsePaxNumber, sparseMapKey, getPaxText, type PaxRecords } from './pax.ts';

/** Stored ranges of a sparse file, and its size including holes (GNU tar manual, "Sparse Formats"). */
export interface SparseMap {
  readonly sizeBytes: number;
  readonly runs: readonly DataRun[];
}

/** Limit far above any real file; a map that claims more is malicious. */
const maxRuns = 1_000_000;

/** Returns whether a file with such a header is sparse. */
export function isSparse(type: string, pax: PaxRecords): boolean {
  return type === oldGnuType || hasDataMap(pax) || pax.has(sparseMapKey);
}

/**
 * Reads the map of a sparse file in any of its forms.
 *
 * @param record header of the file.
 * @param more readers for the parts outside the header: records after it, which its size does not count, or records
 *   of the data.
 * @returns undefined for an invalid map.
 */
export async function readSparseMap(
  { type }: TarHeader,
  record: Buffer,
  pax: PaxRecords,
  more: { readonly nextRecord: () => Promise<Buffer>; readonly nextOfData: () => Promise<Buffer> },
): Promise<SparseMap | undefined> {
  if (type === oldGnuType) {
    return oldGnuMap(record, more.nextRecord);
  }
  return hasDataMap(pax) ? dataMap(pax, more.nextOfData) : paxMap(pax);
}

const oldGnuType = 'S';

function hasDataMap(pax: PaxRecords): boolean {
  return getPaxText(pax, 'GNU.sparse.major') === '1';
}

/**
 * Reads the old GNU form, type "S": up to 4 ranges in the header, and 21 in each following record while a flag is
 * set.
 */
async function oldGnuMap(header: Buffer, nextRecord: () => Promise<Buffer>): Promise<SparseMap | undefined> {
  const numbers: number[] = [];
  const collect = (record: Buffer, at: number, count: number) => {
    for (let slot = 0; slot < count; slot += 1) {
      if (record[at + slot * 24] !== 0) {
        numbers.push(
          decodeTarNumber(record, at + slot * 24, 12),
          decodeTarNumber(record, at + slot * 24 + 12, 12),
        );
      }
    }
  };
  const sizeBytes = decodeTarNumber(header, 483, 12);
  collect(header, 386, 4);
  let more = header[482] !== 0;
  while (more && numbers.length < 2 * maxRuns) {
    const record = await nextRecord();
    if (record.length < recordBytes) {
      return undefined;
    }
    collect(record, 0, 21);
    more = record[504] !== 0;
  }
  return checkedMap(numbers, sizeBytes);
}

/** Parses the pax forms 0.0 and 0.1, whose map is in the pax header: in repeated records or in one. */
function paxMap(records: PaxRecords): SparseMap | undefined {
  const map = records.get(sparseMapKey);
  const size = records.get('GNU.sparse.size');
  if (map === undefined || size === undefined) {
    return undefined;
  }
  const numbers = map.toString('latin1').split(',').filter(Boolean);
  return numbers.every(isNumber) ? checkedMap(numbers.map(Number), parsePaxNumber(size)) : undefined;
}

/**
 * Reads the pax form 1.0, whose map is in the first records of the data: one decimal number per line, the number of
 * ranges first.
 */
async function dataMap(
  records: PaxRecords,
  nextRecord: () => Promise<Buffer>,
): Promise<SparseMap | undefined> {
  const numbers: number[] = [];
  let unfinished = '';
  while (numbers.length < 1 + 2 * (numbers[0] ?? 1)) {
    const record = await nextRecord();
    const text = unfinished + record.toString('latin1').replace(/\0+$/, '');
    const lines = text.split('\n');
    unfinished = lines.pop() ?? '';
    if (record.length < recordBytes || unfinished.length > maxDigits || !lines.every(isNumber)) {
      return undefined;
    }
    numbers.push(...lines.map(Number));
    if ((numbers[0] ?? 0) > maxRuns) {
      return undefined;
    }
  }
  const size = records.get('GNU.sparse.realsize');
  return size === undefined ? undefined : checkedMap(numbers.slice(1), parsePaxNumber(size));
}

/** Number of digits that a double represents exactly. */
const maxDigits = 15;

function isNumber(text: string): boolean {
  return /^\d+$/.test(text) && text.length <= maxDigits;
}

/** Returns undefined unless the ranges ascend, do not overlap, and are inside the file. */
function checkedMap(numbers: readonly number[], sizeBytes: number): SparseMap | undefined {
  const runs: DataRun[] = [];
  let end = 0;
  if (numbers.length % 2 !== 0 || numbers.length > 2 * maxRuns || !(sizeBytes >= 0)) {
    return undefined;
  }
  for (let at = 0; at < numbers.length; at += 2) {
    const [offset = Number.NaN, bytes = Number.NaN] = numbers.slice(at, at + 2);
    if (!(offset >= end && bytes >= 0 && offset + bytes <= sizeBytes)) {
      return undefined;
    }
    end = offset + bytes;
    if (bytes > 0) {
      runs.push({ offset, bytes });
    }
  }
  return { sizeBytes, runs };
}
