import type { BlockCodec } from './codec.ts';
import { nothing, xattrPrefixes } from './layout.ts';
import { MetadataBlocks } from './metadata-blocks.ts';
import type { IndexedTable } from './tables.ts';

/** Whether squashfs can hold an xattr of this name. */
export function isStorableXattr(name: string): boolean {
  return xattrPrefixes.some((prefix) => name.startsWith(prefix) && name.length > prefix.length);
}

/** Sets of xattrs, each set once; inodes name their place in it. */
export class XattrTable {
  readonly #pairs: MetadataBlocks;
  readonly #places = new Map<string, number>();
  readonly #ids: Buffer[] = [];
  readonly #codec: BlockCodec;

  constructor(codec: BlockCodec) {
    this.#codec = codec;
    this.#pairs = new MetadataBlocks(codec);
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
    const bytes = Buffer.concat(storable.map(([name, value]) => pair(name, value)));
    const key = bytes.toString('latin1');
    const known = this.#places.get(key);
    if (known !== undefined) {
      return known;
    }
    const id = Buffer.alloc(16);
    id.writeBigUInt64LE(BigInt(this.#pairs.reference), 0);
    id.writeUInt32LE(storable.length, 8);
    id.writeUInt32LE(listedBytes(storable), 12);
    this.#pairs.fields.bytes(bytes);
    const place = this.#ids.push(id) - 1;
    this.#places.set(key, place);
    return place;
  }

  /** Undefined when no inode has any. */
  end(position: number): IndexedTable | undefined {
    if (this.#ids.length === 0) {
      return undefined;
    }
    const pairs = this.#pairs.end().bytes;
    const table = new MetadataBlocks(this.#codec);
    table.fields.bytes(Buffer.concat(this.#ids));
    const ids = table.end();
    // Unlike the other tables' lists this one has a head: where the pairs begin, and how many sets there are.
    const list = Buffer.alloc(16 + 8 * ids.starts.length);
    list.writeBigUInt64LE(BigInt(position), 0);
    list.writeUInt32LE(this.#ids.length, 8);
    const idsAt = position + pairs.length;
    ids.starts.forEach((start, index) => list.writeBigUInt64LE(BigInt(idsAt + start), 16 + 8 * index));
    return { bytes: Buffer.concat([pairs, ids.bytes, list]), start: idsAt + ids.bytes.length };
  }
}

/** As mksquashfs counts them: full names, each with its NUL, and values. */
function listedBytes(xattrs: readonly [string, Buffer][]): number {
  return xattrs.reduce((sum, [name, value]) => sum + name.length + 1 + value.length, 0);
}

function pair(name: string, value: Buffer): Buffer {
  const type = xattrPrefixes.findIndex((prefix) => name.startsWith(prefix));
  const rest = Buffer.from(name.slice((xattrPrefixes[type] ?? '').length), 'latin1');
  const head = Buffer.alloc(4);
  head.writeUInt16LE(type, 0);
  head.writeUInt16LE(rest.length, 2);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(value.length);
  return Buffer.concat([head, rest, length, value]);
}
