import type { BlockCodec } from '../codec.ts';
import { FieldWriter } from './field-writer.ts';
import { nothing, xattrPrefixes } from '../layout.ts';
import { MetadataBlocks } from './metadata-blocks.ts';
import type { IndexedTable } from './tables.ts';

/** Returns whether squashfs can store an xattr with this name. */
export function isStorableXattr(name: string): boolean {
  return xattrPrefixes.some((prefix) => name.startsWith(prefix) && name.length > prefix.length);
}

/** Sets of xattrs, each set once; inodes contain the index. */
export class XattrTable {
  readonly #pairs: MetadataBlocks;
  readonly #sets: MetadataBlocks;
  readonly #places = new Map<string, number>();
  readonly #writer = new FieldWriter();

  constructor(codec: BlockCodec) {
    this.#pairs = new MetadataBlocks(codec);
    this.#sets = new MetadataBlocks(codec);
  }

  placeOf(xattrs: ReadonlyMap<string, Buffer>): number {
    if (xattrs.size === 0) {
      return nothing;
    }
    const storable = [...xattrs]
      .filter(([name]) => isStorableXattr(name))
      .sort(([one], [other]) => (one < other ? -1 : 1));
    if (storable.length === 0) {
      return nothing;
    }
    for (const [name, value] of storable) {
      writePair(this.#writer, name, value);
    }
    const bytes = this.#writer.take();
    const key = bytes.toString('latin1');
    const known = this.#places.get(key);
    if (known !== undefined) {
      return known;
    }
    this.#sets.fields.u64(this.#pairs.reference);
    this.#sets.fields.u32(storable.length);
    this.#sets.fields.u32(listedBytes(storable));
    this.#pairs.fields.bytes(bytes);
    const place = this.#places.size;
    this.#places.set(key, place);
    return place;
  }

  /** Returns undefined if no inode has xattrs. */
  end(position: number): IndexedTable | undefined {
    if (this.#places.size === 0) {
      return undefined;
    }
    const pairs = this.#pairs.end().bytes;
    const sets = this.#sets.end();
    const setsAt = position + pairs.length;
    // Unlike other lists, this one has a header: the offset of the pairs, and the number of sets.
    const list = new FieldWriter();
    list.u64(position);
    list.u32(this.#places.size);
    list.u32(0);
    for (const start of sets.starts) {
      list.u64(setsAt + start);
    }
    return { bytes: Buffer.concat([pairs, sets.bytes, list.take()]), start: setsAt + sets.bytes.length };
  }
}

/** Returns the size as mksquashfs counts it: full names, each with its NUL, and values. */
function listedBytes(xattrs: readonly [string, Buffer][]): number {
  return xattrs.reduce((sum, [name, value]) => sum + name.length + 1 + value.length, 0);
}

function writePair(out: FieldWriter, name: string, value: Buffer): void {
  const type = xattrPrefixes.findIndex((prefix) => name.startsWith(prefix));
  const rest = name.slice((xattrPrefixes[type] ?? '').length);
  out.u16(type);
  out.u16(rest.length);
  out.text(rest);
  out.u32(value.length);
  out.bytes(value);
}
