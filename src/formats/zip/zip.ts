import { open, type FileHandle } from 'node:fs/promises';
import { constants, crc32, inflateRawSync } from 'node:zlib';
import { getErrorCode } from '../../support/errors.ts';
import { readAt } from '../../support/files/file-access.ts';

/** Error for a file that is not a usable zip archive. */
export class ZipError extends Error {}

export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly checksum: number;
  readonly packedSizeBytes: number;
  readonly offsetBytes: number;
}

const endSizeBytes = 22;
const longestCommentBytes = 0xffff;
const locator64SizeBytes = 20;
const none32 = 0xffffffff;
/** Limit for the directory: no model and no set of arrays has a larger one. */
const longestDirectoryBytes = 256 * 1024 * 1024;

/**
 * Lists the entries of a zip archive, with zip64. Only the directory is read, because files of models are large.
 *
 * Source: PKWARE APPNOTE 6.3, sections 4.3.12 and 4.3.14 to 4.3.16, 4.5.3.
 *
 * @throws {ZipError}
 */
export async function listZipEntries(handle: FileHandle): Promise<ZipEntry[]> {
  const { size } = await handle.stat();
  const { offset, length } = await findDirectory(handle, size);
  if (offset + length > size || length > longestDirectoryBytes) {
    throw new ZipError('its directory is outside the file');
  }
  const directory = await bytesAt(handle, offset, length);
  const entries: ZipEntry[] = [];
  for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === 0x02014b50;) {
    const nameSize = directory.readUInt16LE(at + 28);
    const extraSize = directory.readUInt16LE(at + 30);
    const extraAt = at + 46 + nameSize;
    const sizes = sizesOf(directory, at, directory.subarray(extraAt, extraAt + extraSize));
    const entry = {
      name: directory.toString('utf8', at + 46, extraAt),
      method: directory.readUInt16LE(at + 10),
      checksum: directory.readUInt32LE(at + 16),
      ...sizes,
    };
    if (entry.offsetBytes + entry.packedSizeBytes > offset) {
      throw new ZipError(`${entry.name} is outside the file`);
    }
    entries.push(entry);
    at = extraAt + extraSize + directory.readUInt16LE(at + 32);
  }
  return entries;
}

/** Reads the decompressed content of one entry, of at most `limitBytes`. */
export async function readZipEntry(handle: FileHandle, entry: ZipEntry, limitBytes: number): Promise<Buffer> {
  const { name, method, packedSizeBytes } = entry;
  if (packedSizeBytes > limitBytes && method === 0) {
    throw new ZipError(`${name} is larger than ${limitBytes} bytes`);
  }
  const packed = await bytesAt(handle, await contentOffset(handle, entry), packedSizeBytes);
  try {
    return method === 0 ? packed : inflateRawSync(packed, { maxOutputLength: limitBytes });
  } catch (error) {
    throw new ZipError(
      getErrorCode(error) === 'ERR_BUFFER_TOO_LARGE'
        ? `${name} is larger than ${limitBytes} bytes`
        : `${name} is damaged`,
      { cause: error },
    );
  }
}

/** Reads the first bytes of an entry's content: those that `packedBytes` bytes of the archive decompress to. */
export async function readZipEntryStart(
  handle: FileHandle,
  entry: ZipEntry,
  packedBytes: number,
): Promise<Buffer> {
  const start = await contentOffset(handle, entry);
  const packed = await bytesAt(handle, start, Math.min(packedBytes, entry.packedSizeBytes));
  try {
    return entry.method === 0 ? packed : inflateRawSync(packed, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    throw new ZipError(`${entry.name} is damaged`, { cause: error });
  }
}

async function contentOffset(handle: FileHandle, { name, offsetBytes }: ZipEntry): Promise<number> {
  const header = await bytesAt(handle, offsetBytes, 30);
  if (header.readUInt32LE(0) !== 0x04034b50) {
    throw new ZipError(`${name} is damaged`);
  }
  return offsetBytes + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
}

/** Throws if the checksum does not match. NumPy always writes one; Torch can be configured to write none. */
export function verifyChecksum({ name, checksum }: ZipEntry, content: Uint8Array): void {
  if (crc32(content) !== checksum) {
    throw new ZipError(`${name}: its checksum does not match`);
  }
}

/** Opens a file, hands it to `use` and closes it again. */
export async function withFile<T>(file: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(file, 'r');
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}

async function findDirectory(handle: FileHandle, size: number): Promise<{ offset: number; length: number }> {
  const tailSize = Math.min(size, endSizeBytes + longestCommentBytes + locator64SizeBytes);
  const tail = await bytesAt(handle, size - tailSize, tailSize);
  const end = tail.lastIndexOf(Uint8Array.of(0x50, 0x4b, 5, 6));
  if (end < 0 || end + endSizeBytes > tail.length) {
    throw new ZipError('its end record is missing: the file is cut off, or not a zip archive');
  }
  const length = tail.readUInt32LE(end + 12);
  const offset = tail.readUInt32LE(end + 16);
  const locator = end - locator64SizeBytes;
  if (locator < 0 || tail.readUInt32LE(locator) !== 0x07064b50) {
    return { offset, length };
  }
  const end64 = await bytesAt(handle, Number(tail.readBigUInt64LE(locator + 8)), 56);
  return { length: Number(end64.readBigUInt64LE(40)), offset: Number(end64.readBigUInt64LE(48)) };
}

/**
 * Reads the sizes of an entry. Sizes of 4 GiB and more are in the extra field, in this order and only those that do
 * not fit.
 */
function sizesOf(
  directory: Buffer,
  at: number,
  extra: Buffer,
): Pick<ZipEntry, 'packedSizeBytes' | 'offsetBytes'> {
  const numbers = [20, 24, 42].map((field) => directory.readUInt32LE(at + field));
  const [packed = 0, unpacked = 0, offset = 0] = numbers;
  for (let field = 0; field + 4 <= extra.length; field += 4 + extra.readUInt16LE(field + 2)) {
    if (extra.readUInt16LE(field) !== 1) {
      continue;
    }
    let next = field + 4;
    const large = (value: number): number => {
      if (value !== none32 || next + 8 > extra.length) {
        return value;
      }
      next += 8;
      return Number(extra.readBigUInt64LE(next - 8));
    };
    large(unpacked);
    return { packedSizeBytes: large(packed), offsetBytes: large(offset) };
  }
  return { packedSizeBytes: packed, offsetBytes: offset };
}

/** Reads exactly `length` bytes. */
async function bytesAt(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  // In a damaged file 64-bit numbers can have any value.
  const bytes = Number.isSafeInteger(offset + length) ? await readAt(handle, offset, length) : undefined;
  if (bytes?.length !== length) {
    throw new ZipError('its end is missing');
  }
  return bytes;
}
