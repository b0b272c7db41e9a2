import { crc32, inflateRawSync } from 'node:zlib';

/** Why bytes are not a usable zip archive. */
export class ZipError extends Error {}

export interface ZipMember {
  readonly name: string;
  /** Unpacks the member and checks its length and checksum; throws a ZipError. */
  readonly read: () => Uint8Array;
}

const END_SIZE = 22;
const LONGEST_COMMENT = 0xffff;

/**
 * The members of a zip archive, as its central directory lists them. Stored and deflated members of less
 * than 4 GiB, which is what NumPy writes.
 *
 * Source: PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16.
 *
 * @throws {ZipError}
 */
export function zipMembers(archive: Uint8Array): ZipMember[] {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  try {
    const end = findEnd(view);
    const count = view.getUint16(end + 10, true);
    const members: ZipMember[] = [];
    let at = view.getUint32(end + 16, true);
    for (let index = 0; index < count; index += 1) {
      const { member, next } = centralEntry(archive, view, at);
      members.push(member);
      at = next;
    }
    return members;
  } catch (error) {
    throw error instanceof RangeError ? new ZipError('cut off or damaged', { cause: error }) : error;
  }
}

function findEnd(view: DataView): number {
  const last = view.byteLength - END_SIZE;
  for (let at = last; at >= Math.max(0, last - LONGEST_COMMENT); at -= 1) {
    if (view.getUint32(at, true) === 0x06054b50) {
      return at;
    }
  }
  throw new ZipError('it has no zip directory at its end: cut off, or not a zip archive');
}

function centralEntry(archive: Uint8Array, view: DataView, at: number): { member: ZipMember; next: number } {
  expectSignature(view, at, 0x02014b50);
  const method = view.getUint16(at + 10, true);
  const checksum = view.getUint32(at + 16, true);
  const packedSize = view.getUint32(at + 20, true);
  const size = view.getUint32(at + 24, true);
  const nameSize = view.getUint16(at + 28, true);
  const next = at + 46 + nameSize + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  const localHeader = view.getUint32(at + 42, true);
  const name = Buffer.from(archive.buffer, archive.byteOffset + at + 46, nameSize).toString('utf8');

  const read = (): Uint8Array => {
    expectSignature(view, localHeader, 0x04034b50);
    const start =
      localHeader + 30 + view.getUint16(localHeader + 26, true) + view.getUint16(localHeader + 28, true);
    const content = unpack(archive.subarray(start, start + packedSize), method, size);
    if (content.length !== size || crc32(content) !== checksum) {
      throw new ZipError('its checksum does not fit');
    }
    return content;
  };
  return { member: { name, read: () => asZipError(name, read) }, next };
}

function asZipError(name: string, read: () => Uint8Array): Uint8Array {
  try {
    return read();
  } catch (error) {
    throw new ZipError(`${name}: ${(error as Error).message}`, { cause: error });
  }
}

function unpack(packed: Uint8Array, method: number, size: number): Uint8Array {
  switch (method) {
    case 0:
      return packed;
    case 8:
      return inflateRawSync(packed, { maxOutputLength: Math.max(1, size) });
    default:
      throw new ZipError(`packed by method ${method}, which NumPy does not use`);
  }
}

function expectSignature(view: DataView, at: number, signature: number): void {
  if (view.getUint32(at, true) !== signature) {
    throw new ZipError('cut off or damaged');
  }
}
