import { metadataBlockBytes, uncompressedMetadata } from '../layout.ts';
import type { Area } from './area.ts';
import type { Blocks } from './block-reader.ts';

/** Limit for a table, which is read into memory. Ten million files need less. */
export const maxTableBytes = 512 * 1024 * 1024;

/** Position in a table: offset of the metadata block as stored, and offset in that block. */
export interface TablePlace {
  readonly block: number;
  readonly offset: number;
}

/** Table of metadata blocks, decompressed. */
export class MetadataTable {
  readonly bytes: Buffer;
  /** Name for messages. */
  readonly name: string;
  readonly blocks: number;
  /** Number of a metadata block by its offset in the stored table. */
  readonly #numbers: ReadonlyMap<number, number>;

  constructor(name: string, parts: readonly Buffer[], starts: readonly number[]) {
    this.name = name;
    this.bytes = Buffer.concat(parts);
    this.blocks = starts.length;
    this.#numbers = new Map(starts.map((start, number) => [start, number]));
  }

  /** Returns the offset in {@link bytes} of a position; undefined if nothing begins there. */
  offsetOf({ block, offset }: TablePlace): number | undefined {
    const number = this.#numbers.get(block);
    if (number === undefined || offset >= metadataBlockBytes) {
      return undefined;
    }
    const at = number * metadataBlockBytes + offset;
    return at < this.bytes.length ? at : undefined;
  }
}

/**
 * Reads the metadata blocks from `start` to `end`.
 *
 * @throws {InvalidSifError} if they do not fill the range exactly, or if a block but the last is not full.
 */
export async function readMetadataTable(
  area: Area,
  blocks: Blocks,
  name: string,
  { start, end }: { readonly start: number; readonly end: number },
): Promise<MetadataTable> {
  if (start > end) {
    throw area.broken(`${name} begins at ${start}, after its end at ${end}`);
  }
  if (end - start > maxTableBytes) {
    throw area.refused(`has ${name} of ${end - start} bytes; hpc-gat reads up to ${maxTableBytes}`);
  }
  const stored = await area.read(start, end - start, name);
  const parts: Buffer[] = [];
  const starts: number[] = [];
  for (let at = 0; at < stored.length;) {
    const what = `metadata block ${starts.length} of ${name}, at ${start + at},`;
    if (parts.length > 0 && parts.at(-1)?.length !== metadataBlockBytes) {
      throw area.broken(`${what} follows one that is not full`);
    }
    if (parts.length * metadataBlockBytes >= maxTableBytes) {
      throw area.refused(`has ${name} of more than ${maxTableBytes} bytes, more than hpc-gat reads`);
    }
    const word = at + 2 <= stored.length ? stored.readUInt16LE(at) : 0;
    const length = word & ~uncompressedMetadata;
    if (length === 0 || length > metadataBlockBytes || at + 2 + length > stored.length) {
      throw area.broken(`${what} has an impossible length: ${length}`);
    }
    const block = stored.subarray(at + 2, at + 2 + length);
    const raw =
      (word & uncompressedMetadata) === 0 ? blocks.decodeSync(block, metadataBlockBytes, what) : block;
    if (raw.length === 0) {
      throw area.broken(`${what} is empty`);
    }
    parts.push(raw);
    starts.push(at);
    at += 2 + length;
  }
  return new MetadataTable(name, parts, starts);
}
