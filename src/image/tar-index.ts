import type { FileHandle } from 'node:fs/promises';
import { HpcGatError } from '../support/errors.ts';

/** Where a file of a tar lies in it. */
export interface TarEntry {
  readonly name: string;
  /** The header's type: "0" a file, "5" a folder, "2" a symbolic link. */
  readonly type: string;
  /** Of a link, where it leads, as it stands there; empty for others. */
  readonly linkName: string;
  readonly dataOffset: number;
  readonly sizeBytes: number;
}

const recordBytes = 512;
/** Longer than any path; a header that claims more is not a path's. */
const maxExtensionBytes = 1024 * 1024;

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
    const header = await readAt(handle, position, recordBytes);
    if (position > 0 && header.every((byte) => byte === 0)) {
      // The end mark, or the end of the file without one, which GNU tar accepts too.
      return entries;
    }
    if (header.length < recordBytes || !checksumFits(header)) {
      throw new BrokenTarError(file, notATar(header, position));
    }
    const type = String.fromCharCode(header[156] ?? 0);
    const sizeBytes = next.sizeBytes ?? number(header, 124, 12);
    const dataOffset = position + recordBytes;
    const paddedBytes = Math.ceil(sizeBytes / recordBytes) * recordBytes;
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0 || dataOffset + paddedBytes > fileBytes) {
      throw new BrokenTarError(
        file,
        `is cut off: an entry at byte ${position} goes on behind the end of the file`,
      );
    }
    if ('xLK'.includes(type)) {
      const data = await readAt(handle, dataOffset, Math.min(sizeBytes, maxExtensionBytes));
      const long = text(data, 0, data.length);
      next = { ...next, ...(type === 'x' ? pax(data) : type === 'L' ? { name: long } : { linkName: long }) };
    } else {
      if (type !== 'g') {
        const linkName = type === '1' || type === '2' ? (next.linkName ?? text(header, 157, 100)) : '';
        const name = normalise(next.name ?? nameOf(header));
        entries.push({ name, type, linkName, dataOffset, sizeBytes });
      }
      next = {};
    }
    position = dataOffset + paddedBytes;
  }
}

/** What a header before an entry says of it, in place of the entry's own header. */
interface Extension {
  name?: string;
  linkName?: string;
  sizeBytes?: number;
}

function notATar(header: Buffer, position: number): string {
  const compressed = ['1f8b', '28b52ffd', 'fd377a58'].some((magic) =>
    header.toString('hex').startsWith(magic),
  );
  if (header.length === 0) {
    return 'is empty';
  }
  if (position > 0) {
    return `is a damaged tar: no entry begins at byte ${position}`;
  }
  return compressed ? 'is compressed; decompress it first' : 'is not a tar archive';
}

/** The sum of the header's bytes with its own field read as spaces; historic tars sum signed bytes. */
function checksumFits(header: Buffer): boolean {
  let sum = 0;
  let signed = 0;
  for (let at = 0; at < recordBytes; at += 1) {
    const inField = at >= 148 && at < 156;
    sum += inField ? 32 : header.readUInt8(at);
    signed += inField ? 32 : header.readInt8(at);
  }
  const stored = number(header, 148, 8);
  return stored === sum || stored === signed;
}

/** Octal digits, or a base-256 number where the top bit is set (GNU). NaN when it is neither. */
function number(header: Buffer, at: number, length: number): number {
  const first = header.readUInt8(at);
  if ((first & 0x80) !== 0) {
    const digits = header.subarray(at + 1, at + length).toString('hex');
    return first === 0x80 ? Number(BigInt(`0x${digits}`)) : Number.NaN;
  }
  const digits = text(header, at, length).trim();
  return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || '0', 8) : Number.NaN;
}

function nameOf(header: Buffer): string {
  const prefix = text(header, 257, 6).startsWith('ustar') ? text(header, 345, 155) : '';
  const name = text(header, 0, 100);
  // GNU's magic is "ustar  ": its bytes 345 and on are times, never a prefix.
  return prefix === '' || header.readUInt8(262) === 0x20 ? name : `${prefix}/${name}`;
}

/** Records of the form "LENGTH KEY=VALUE\n", LENGTH counting the whole record. */
function pax(data: Buffer): Extension {
  const found: Extension = {};
  let at = 0;
  while (at < data.length) {
    const length = Number.parseInt(text(data, at, 20), 10);
    const record = data.subarray(at, at + length).toString('utf8');
    const [, key, value] = /^\d+ ([^=]+)=([^]*)\n$/.exec(record) ?? [];
    if (key === undefined || value === undefined) {
      return found;
    }
    if (key === 'path') {
      found.name = value;
    } else if (key === 'linkpath') {
      found.linkName = value;
    } else if (key === 'size') {
      found.sizeBytes = Number(value);
    }
    at += length;
  }
  return found;
}

function normalise(name: string): string {
  return name.replace(/^(\.\/)+/, '').replace(/\/+$/, '');
}

function text(bytes: Buffer, at: number, length: number): string {
  const field = bytes.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? length : end).toString('utf8');
}

export async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
