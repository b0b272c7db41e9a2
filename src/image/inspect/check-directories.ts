import { toPrintableBytes } from '../../support/text/printable.ts';
import { extendedType } from '../../formats/squashfs/layout.ts';
import type { StoredInode } from '../../formats/squashfs/read/parse-inode.ts';
import {
  listEntries,
  getListingSize,
  formatPosition,
  type StoredEntry,
} from '../../formats/squashfs/read/listing.ts';
import type { SquashfsImage } from '../../formats/squashfs/read/open.ts';
import { metadataBlockBytes } from '../../formats/squashfs/layout.ts';

type Directory = StoredInode & { readonly kind: 'directory' };

/**
 * Visits every name from the root. Checks that names are sorted and refer to inodes of their type, that a directory
 * has one name and the right parent, that indexes are correct, and that every inode has the stored number of names.
 *
 * @returns the number of names.
 * @throws {InvalidSifError} for the first problem.
 */
export function checkDirectories(image: SquashfsImage): number {
  const { area, inodes, listings, superblock } = image;
  const links = new Uint32Array(inodes.count + 1);
  const root = inodes.root(superblock.root);
  const pending: Directory[] = [root];
  let names = 0;
  let listed = 0;
  links[root.number] = 2;
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    listed += getListingSize(directory.directory);
    if (listed > listings.bytes.length) {
      throw area.broken(`the listing of directory ${directory.number} overlaps that of another`);
    }
    for (const { name, inode } of childrenOf(image, directory)) {
      names += 1;
      const known = links[inode.number] ?? 0;
      if (inode.kind === 'directory') {
        if (known > 0) {
          throw area.broken(`the directory ${inode.number} has a second name, "${toPrintableBytes(name)}"`);
        }
        if (inode.directory.parent !== directory.number) {
          throw area.broken(
            `the directory "${toPrintableBytes(name)}" is in ${directory.number}, but its stored parent is ${inode.directory.parent}`,
          );
        }
        links[directory.number] = (links[directory.number] ?? 0) + 1;
        links[inode.number] = 2;
        pending.push(inode);
      } else {
        links[inode.number] = known + 1;
      }
    }
  }
  for (const inode of inodes.all()) {
    const found = links[inode.number] ?? 0;
    if (found === 0) {
      throw area.broken(`inode ${inode.number} has no name`);
    }
    if (found !== inode.links) {
      throw area.broken(`inode ${inode.number} should have ${inode.links} links, but has ${found}`);
    }
  }
  return names;
}

/** Yields the names in a directory, and their inodes. */
function* childrenOf(
  image: SquashfsImage,
  directory: Directory,
): Iterable<{ readonly name: string; readonly inode: StoredInode }> {
  const { area, inodes, listings } = image;
  const what = `directory ${directory.number}`;
  const index = new IndexCheck(image, directory);
  let last = '';
  for (const entry of listEntries(area, listings, directory.directory, what)) {
    const { name, type, number, place } = entry;
    // Names have one character per byte, so this is byte order, in which the kernel searches.
    if (name <= last) {
      throw area.broken(`${what} has "${toPrintableBytes(name)}" after "${toPrintableBytes(last)}"`);
    }
    last = name;
    if (number < 1 || number > inodes.count || !inodes.isAt(number, place)) {
      throw area.broken(
        `"${toPrintableBytes(name)}" in ${what} refers to inode ${number} at ${formatPosition(place)}, but that inode is elsewhere`,
      );
    }
    const inode = inodes.inode(number);
    if (type !== (inode.type > extendedType ? inode.type - extendedType : inode.type)) {
      throw area.broken(`"${toPrintableBytes(name)}" in ${what} has type ${type}, its inode ${inode.type}`);
    }
    index.see(entry);
    yield { name, inode };
  }
  index.end();
}

/** Compares a directory's index with its listing while the listing is read. */
class IndexCheck {
  readonly #image: SquashfsImage;
  readonly #directory: Directory;
  #next = 0;

  constructor(image: SquashfsImage, directory: Directory) {
    this.#image = image;
    this.#directory = directory;
  }

  see({ name, headerAt }: StoredEntry): void {
    const { index, place } = this.#directory.directory;
    const entry = index[this.#next];
    if (entry === undefined || headerAt !== entry.at) {
      return;
    }
    const { listings } = this.#image;
    const start = listings.offsetOf(place) ?? 0;
    const blockOfHeader = Math.floor((start + entry.at) / metadataBlockBytes) * metadataBlockBytes;
    if (entry.name !== name || listings.offsetOf({ block: entry.block, offset: 0 }) !== blockOfHeader) {
      throw this.#wrong(entry.name);
    }
    this.#next += 1;
  }

  end(): void {
    const left = this.#directory.directory.index[this.#next];
    if (left !== undefined) {
      throw this.#wrong(left.name);
    }
  }

  #wrong(name: string): Error {
    return this.#image.area.broken(
      `the index of directory ${this.#directory.number} has a wrong position for "${toPrintableBytes(name)}"`,
    );
  }
}
