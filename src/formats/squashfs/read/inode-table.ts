import type { Area } from './area.ts';
import { maxEntries } from './indexed-table.ts';
import { parseInode, type StoredInode } from './parse-inode.ts';
import type { MetadataTable, TablePlace } from './metadata-table.ts';

/** All inodes, which lie one behind the other. */
export class InodeTable {
  readonly count: number;
  readonly #area: Area;
  readonly #table: MetadataTable;
  readonly #blockSizeBytes: number;
  /** By number, from 1: where in the table it begins. */
  readonly #places: Uint32Array;

  /**
   * Walks through the table once.
   *
   * @throws {InvalidSifError} when it does not hold exactly `formatCount` inodes of the numbers 1 to `formatCount`.
   */
  constructor(area: Area, table: MetadataTable, count: number, blockSizeBytes: number) {
    if (count > maxEntries) {
      throw area.refused(`has ${count} inodes; hpc-gat reads up to ${maxEntries}`);
    }
    this.count = count;
    this.#area = area;
    this.#table = table;
    this.#blockSizeBytes = blockSizeBytes;
    this.#places = new Uint32Array(count + 1).fill(none);
    let at = 0;
    for (let found = 0; found < count; found += 1) {
      const { number, to } = this.#at(at);
      if (number < 1 || number > count || this.#places[number] !== none) {
        throw area.broken(
          `the inode at ${at} of the inode table has the number ${number}, which is not free`,
        );
      }
      this.#places[number] = at;
      at = to;
    }
    if (at !== table.bytes.length) {
      throw area.broken(`${table.bytes.length - at} bytes follow the last of ${count} inodes`);
    }
  }

  /** @param number 1 to {@link formatCount}. */
  inode(number: number): StoredInode {
    return this.#at(this.#places[number] ?? none);
  }

  /** In the order of their numbers. */
  *all(): Iterable<StoredInode> {
    for (let number = 1; number <= this.count; number += 1) {
      yield this.inode(number);
    }
  }

  /** Whether the inode of this number begins at this place. */
  isAt(number: number, place: TablePlace): boolean {
    return this.#places[number] !== none && this.#places[number] === this.#table.offsetOf(place);
  }

  /** @throws {InvalidSifError} when no directory begins there. */
  root(reference: bigint): StoredInode & { readonly kind: 'directory' } {
    const place = { block: Number(reference >> 16n), offset: Number(reference & 0xffffn) };
    const at = this.#table.offsetOf(place);
    const number = at === undefined ? 0 : this.#places.indexOf(at);
    const root = number > 0 ? this.inode(number) : undefined;
    if (root?.kind !== 'directory') {
      throw this.#area.broken(
        `the root is said to be at ${place.block}+${place.offset}, where no directory begins`,
      );
    }
    return root;
  }

  #at(place: number): StoredInode {
    return parseInode(this.#area, this.#table.bytes, place, this.#blockSizeBytes);
  }
}

/** No table is so long. */
const none = 0xffffffff;
