import { noXattrs, type Metadata } from '../../../formats/squashfs/inode.ts';

/** Metadata as stored in an index. */
export type StoredMetadata = readonly [
  mode: number,
  uid: number,
  gid: number,
  mtime: number,
  /** Alternating names and values. */
  ...xattrs: string[],
];

/** Metadata of a layer's inodes, each once, because many inodes have equal metadata. */
export class MetadataList {
  readonly all: StoredMetadata[] = [];
  readonly #numbers = new Map<string, number>();

  /** Returns the index of the metadata in the list. */
  placeOf(metadata: Metadata): number {
    const stored = toStored(metadata);
    const key = JSON.stringify(stored);
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.all.push(stored) - 1;
      this.#numbers.set(key, number);
    }
    return number;
  }
}

function toStored({ mode, uid, gid, mtime, xattrs }: Metadata): StoredMetadata {
  return [mode, uid, gid, mtime, ...[...xattrs].flatMap(([name, value]) => [name, value.toString('latin1')])];
}

export function fromStored([mode, uid, gid, mtime, ...rest]: StoredMetadata): Metadata {
  const xattrs = new Map<string, Buffer>();
  for (let at = 0; at + 1 < rest.length; at += 2) {
    xattrs.set(rest[at] ?? '', Buffer.from(rest[at + 1] ?? '', 'latin1'));
  }
  return { mode, uid, gid, mtime, xattrs: xattrs.size === 0 ? noXattrs : xattrs };
}
