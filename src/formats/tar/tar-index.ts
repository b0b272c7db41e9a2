import type { FileHandle } from 'node:fs/promises';
import { HpcGatError } from '../../support/errors.ts';
import { readAt } from '../../support/files/file-access.ts';
import { entryName } from './entry-name.ts';
import { byteText, isZeroRecord, parseTarHeader, recordBytes } from './header.ts';
import { parsePax, paxNumber, type PaxRecords } from './pax.ts';

/** Where a file of a tar lies in it. */
export interface TarEntry {
  readonly name: string;
  /** The header's type: "0" a file, "5" a directory, "2" a symbolic link. */
  readonly type: string;
  /** Of a link, where it leads, as it stands there; empty for others. */
  readonly linkName: string;
  readonly dataOffset: number;
  readonly sizeBytes: number;
}

/** Longer than any path; a header that claims more is not a path's. */
const maxExtensionBytes = 16 * 1024 * 1024;
/** Blobs, layers and descriptions: an archive of all images of a registry has fewer. */
const maxEntries = 1_000_000;

/** Links, devices, directories and FIFOs, which have no data, whatever size the header states (POSIX.1-2001, ustar). */
const typesWithoutData = new Set(['1', '2', '3', '4', '5', '6']);

/** A file that is not a tar, or one that is cut off. */
class BrokenTarError extends HpcGatError {
  constructor(file: string, problem: string) {
    super(`${file} ${problem}`, { fix: 'write it again with `docker save -o FILE NAME`' });
  }
}

/**
 * The table of contents of an uncompressed tar (POSIX.1-2001 pax, ustar, GNU), by its headers alone:
 * the data is skipped, so that a large archive costs a few reads.
 *
 * @throws {HpcGatError} when the file is not a tar, or ends before its last entry does.
 */
export async function readTarIndex(handle: FileHandle, file: string): Promise<TarEntry[]> {
  const { size: fileBytes } = await handle.stat();
  const entries: TarEntry[] = [];
  let position = 0;
  let next: Extension = {};
  for (;;) {
    const record = await readAt(handle, position, recordBytes);
    if (position > 0 && isZeroRecord(record)) {
      // The end mark, or the end of the file without one, which GNU tar accepts too.
      return entries;
    }
    const header = parseTarHeader(record);
    if (header === undefined) {
      throw new BrokenTarError(file, notATar(record, position));
    }
    const { type } = header;
    const sizeBytes = typesWithoutData.has(type) ? 0 : (next.sizeBytes ?? header.sizeBytes);
    const dataOffset = position + recordBytes;
    // The padding behind the last entry may be missing, like the end mark.
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0 || dataOffset + sizeBytes > fileBytes) {
      throw new BrokenTarError(
        file,
        `is cut off: an entry at byte ${position} goes on behind the end of the file`,
      );
    }
    if ('xXLK'.includes(type)) {
      const data = await readAt(handle, dataOffset, Math.min(sizeBytes, maxExtensionBytes));
      const long = utf8(byteText(data, 0, data.length));
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
        const name = entryName(next.name ?? utf8(header.name));
        entries.push({ name, type, linkName, dataOffset, sizeBytes });
      }
      next = {};
    }
    if (entries.length > maxEntries) {
      throw new BrokenTarError(file, `holds more than ${maxEntries} files: that is no archive of images`);
    }
    position = dataOffset + Math.ceil(sizeBytes / recordBytes) * recordBytes;
  }
}

/** What a header before an entry says of it, in place of the entry's own header. */
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
    ...(size && { sizeBytes: paxNumber(size) }),
  };
}

/** Decodes a file name, which is UTF-8 in these archives. */
function utf8(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
