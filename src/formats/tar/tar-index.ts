import type { FileHandle } from 'node:fs/promises';
import { HpcGatError } from '../../support/errors.ts';
import { readAt } from '../../support/files/file-access.ts';
import { normalizeEntryName } from './entry-name.ts';
import { decodeByteText, isZeroRecord, decodeTarHeader, recordBytes } from './header.ts';
import { parsePax, parsePaxNumber, type PaxRecords } from './pax.ts';

/** Position of a file in a tar. */
export interface TarIndexEntry {
  readonly name: string;
  /** Type in the header: "0" for a file, "5" for a directory, "2" for a symbolic link. */
  readonly type: string;
  /** Target of a link as stored; empty for others. */
  readonly linkName: string;
  readonly dataOffset: number;
  readonly sizeBytes: number;
}

/** Limit for an extension header, larger than any path. */
const maxExtensionBytes = 16 * 1024 * 1024;
/** Limit for blobs, layers and descriptions: an archive of all images of a registry has fewer. */
const maxEntries = 1_000_000;

/** Types without data, whatever size the header states: links, devices, directories and FIFOs (POSIX.1-2001, ustar). */
const typesWithoutData = new Set(['1', '2', '3', '4', '5', '6']);

/** Error for a file that is not a tar, or is truncated. */
class BrokenTarError extends HpcGatError {
  constructor(file: string, problem: string) {
    super(`${file} ${problem}`, { fix: 'write it again with `docker save -o FILE NAME`' });
  }
}

/**
 * Reads the table of contents of an uncompressed tar (POSIX.1-2001 pax, ustar, GNU). Only the headers are read, so
 * that a large archive costs a few reads.
 *
 * @throws {HpcGatError} if the file is not a tar, or ends before its last entry does.
 */
export async function readTarIndex(handle: FileHandle, file: string): Promise<TarIndexEntry[]> {
  const { size: fileBytes } = await handle.stat();
  const entries: TarIndexEntry[] = [];
  let position = 0;
  let next: Extension = {};
  for (;;) {
    const record = await readAt(handle, position, recordBytes);
    if (position > 0 && isZeroRecord(record)) {
      // This is the end mark, or the end of the file without one, which GNU tar accepts too.
      return entries;
    }
    const header = decodeTarHeader(record);
    if (header === undefined) {
      throw new BrokenTarError(file, notATar(record, position));
    }
    const { type } = header;
    const sizeBytes = typesWithoutData.has(type) ? 0 : (next.sizeBytes ?? header.sizeBytes);
    const dataOffset = position + recordBytes;
    // The padding after the last entry may be missing, like the end mark.
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0 || dataOffset + sizeBytes > fileBytes) {
      throw new BrokenTarError(
        file,
        `is cut off: the entry at byte ${position} extends past the end of the file`,
      );
    }
    if ('xXLK'.includes(type)) {
      const data = await readAt(handle, dataOffset, Math.min(sizeBytes, maxExtensionBytes));
      const long = utf8(decodeByteText(data, 0, data.length));
      const records = 'xX'.includes(type) ? parsePax(data) : undefined;
      if (records === undefined && 'xX'.includes(type)) {
        throw new BrokenTarError(file, `is a damaged tar: the pax header at byte ${position} cannot be read`);
      }
      next = {
        ...next,
        ...(records ? pax(records) : type === 'L' ? { name: long } : { linkName: long }),
      };
    } else {
      if (type !== 'g') {
        const linkName = type === '1' || type === '2' ? (next.linkName ?? utf8(header.linkName)) : '';
        const name = normalizeEntryName(next.name ?? utf8(header.name));
        entries.push({ name, type, linkName, dataOffset, sizeBytes });
      }
      next = {};
    }
    if (entries.length > maxEntries) {
      throw new BrokenTarError(
        file,
        `contains more than ${maxEntries} files, more than any archive of images`,
      );
    }
    position = dataOffset + Math.ceil(sizeBytes / recordBytes) * recordBytes;
  }
}

/** Values from an extension header that replace those of the next entry's own header. */
interface Extension {
  name?: string;
  linkName?: string;
  sizeBytes?: number;
}

function notATar(header: Buffer, position: number): string {
  if (header.length === 0) {
    return 'is empty';
  }
  if (position > 0) {
    return `is a damaged tar: no entry begins at byte ${position}`;
  }
  return 'is not a tar archive';
}

function pax(records: PaxRecords): Extension {
  const [path, linkPath, size] = ['path', 'linkpath', 'size'].map((key) => records.get(key));
  return {
    ...(path && { name: path.toString('utf8') }),
    ...(linkPath && { linkName: linkPath.toString('utf8') }),
    ...(size && { sizeBytes: parsePaxNumber(size) }),
  };
}

/** Decodes a file name, which is UTF-8 in these archives. */
function utf8(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
