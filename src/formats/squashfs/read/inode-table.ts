import type { Area } from './area.ts';
import { maxEntries } from './indexed-table.ts';
import { decodeInode, type StoredInode } from './parse-inode.ts';
import type { MetadataTable, TablePlace } from './metadata-table.ts';

/** All inodes, which are stored consecutively. */
export class InodeTable {
  readonly count: number;
  readonly #area: Area;
  readonly #table: MetadataTable;
  readonly #blockSizeBytes: number;
  /** Offset in the table by inode number, from 1. */
  readonly #places: Uint32Array;

  /**
   * Reads the table once.
   *
   * @throws {InvalidSifError} if it does not contain exactly `count` inodes with the numbers 1 to `count`.
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
          `the inode at ${at} of the inode table has the number ${number}, which is used twice or out of range`,
        );
      }
      this.#places[number] = at;
      at = to;
    }
    if (at !== table.bytes.length) {
      throw area.broken(`${table.bytes.length - at} bytes follow the last of ${count} inodes`);
    }
  }

  /** @param number 1 to {@link count}. */
  inode(number: number): StoredInode {
    return this.#at(this.#places[number] ?? none);
  }

  /** Yields all inodes, in the order of their numbers. */
  *all(): Iterable<StoredInode> {
    for (let number = 1; number <= this.count; number += 1) {
      yield this.inode(number);
    }
  }

  /** Returns whether the inode with this number begins at this position. */
  isAt(number: number, place: TablePlace): boolean {
    return this.#places[number] !== none && this.#places[number] === this.#table.offsetOf(place);
  }

  /** @throws {InvalidSifError} if no directory begins there. */
  root(reference: bigint): StoredInode & { readonly kind: 'directory' } {
    const place = { block: Number(reference >> 16n), offset: Number(reference & 0xffffn) };
    const at = this.#table.offsetOf(place);
    const number = at === undefined ? 0 : this.#places.indexOf(at);
    const root = number > 0 ? this.inode(number) : undefined;
    if (root?.kind !== 'directory') {
      throw this.#area.broken(
        `the root should be at ${place.block}+${place.offset}, but no directory begins there`,
      );
    }
    return root;
  }

  #at(place: number): StoredInode {
    return decodeInode(this.#area, this.#table.bytes, place, this.#blockSizeBytes);
  }
}

/** Value that no offset can have. */
const none = 0xffffffff;
