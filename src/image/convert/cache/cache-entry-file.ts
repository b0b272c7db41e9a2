import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { readAt, writeAt } from '../../../support/files/file-access.ts';
import type { FileThreads } from '../../../support/threads/file-threads.ts';
import type { ByteRange } from '../../../formats/squashfs/write/compact.ts';

/*
 * An entry consists of a layer's blocks as in a squashfs, stored consecutively; an index as JSON, with a checksum of
 * the blocks; and a trailer with the offset of the index, its length, its CRC-32 and a magic number.
 */

const mark = Buffer.from('HPCGATB2');
const trailerBytes = 8 + 4 + 4 + mark.length;

/** Error for an entry whose content is not what was written. */
export class DamagedEntry extends Error {}

interface StoredIndex<Index> {
  readonly index: Index;
  readonly checksum: string;
}

/** Copies the blocks out of a file, and appends their index. @returns the size of the entry. */
export async function writeEntry(
  entry: FileHandle,
  source: FileHandle,
  { start, end }: ByteRange,
  index: unknown,
  fileThreads: FileThreads,
): Promise<number> {
  const dataBytes = end - start;
  const blocks = { file: source, start, length: dataBytes };
  const checksum = await fileThreads.copy(blocks, { file: entry, position: 0 });
  const stored: StoredIndex<unknown> = { index, checksum };
  const text = Buffer.from(JSON.stringify(stored));
  const trailer = Buffer.alloc(trailerBytes);
  trailer.writeBigUInt64LE(BigInt(dataBytes), 0);
  trailer.writeUInt32LE(text.length, 8);
  trailer.writeUInt32LE(crc32(text), 12);
  mark.copy(trailer, 16);
  const rest = Buffer.concat([text, trailer]);
  await writeAt(entry, dataBytes, rest);
  return dataBytes + rest.length;
}

export interface OpenEntry<Index> {
  /** Index as passed to {@link writeEntry}. */
  readonly index: Index;
  /** Size of the blocks. */
  readonly dataBytes: number;
  /** Size of the whole file. */
  readonly sizeBytes: number;
  /**
   * Copies the blocks to an offset of a file.
   *
   * @throws {DamagedEntry} if they are not those that were written.
   */
  readonly copyTo: (file: FileHandle, position: number, fileThreads: FileThreads) => Promise<void>;
}

/**
 * Reads the trailer and the index of an entry.
 *
 * @typeParam Index type of the value that {@link writeEntry} received; the checksum verifies it.
 * @throws {DamagedEntry} if the file is not an entry, or is incomplete.
 */
export async function readEntry<Index>(entry: FileHandle): Promise<OpenEntry<Index>> {
  const { size } = await entry.stat();
  const trailer = await readAt(entry, Math.max(0, size - trailerBytes), trailerBytes);
  if (trailer.length < trailerBytes || !trailer.subarray(16).equals(mark)) {
    throw new DamagedEntry('its trailer is missing');
  }
  const dataBytes = Number(trailer.readBigUInt64LE(0));
  const textBytes = trailer.readUInt32LE(8);
  if (dataBytes + textBytes + trailerBytes !== size) {
    throw new DamagedEntry('its length differs from the recorded length');
  }
  const text = await readAt(entry, dataBytes, textBytes);
  if (text.length !== textBytes || crc32(text) !== trailer.readUInt32LE(12)) {
    throw new DamagedEntry('its index is damaged');
  }
  const { index, checksum } = JSON.parse(text.toString('utf8')) as StoredIndex<Index>;
  return {
    index,
    dataBytes,
    sizeBytes: size,
    copyTo: async (file, position, fileThreads) => {
      const blocks = { file: entry, start: 0, length: dataBytes };
      if ((await fileThreads.copy(blocks, { file, position })) !== checksum) {
        throw new DamagedEntry('its blocks are damaged');
      }
    },
  };
}
