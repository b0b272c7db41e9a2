import { getHeapStatistics } from 'node:v8';
import { HpcGatError, UsageError } from '../../support/errors.ts';
import { toPrintableBytes } from '../../support/text/printable.ts';
import type { TarEntry } from '../../formats/tar/tar-entry.ts';

/** What an image may ask of this machine. No honest one comes near; what goes beyond is taken for a bomb. */
export interface ImageLimits {
  /** Of all layers together, unpacked; and of all their files, holes counted. */
  readonly unpackedBytes: number;
  /** Of all layers together. */
  readonly entries: number;
  /** Memory for names, owners, xattrs: what is kept until the tree is written. */
  readonly metadataBytes: number;
}

const tebibyte = 2 ** 40;

/** What this program takes by itself, and V8 for new objects. */
const ownBytes = 128 * 2 ** 20;
/** The part of the rest that the tree may take. */
const metadataShare = 0.7;

export function defaultLimits(unpackedBytes = tebibyte): ImageLimits {
  return {
    unpackedBytes,
    entries: 10_000_000,
    metadataBytes: Math.max(ownBytes / 8, (getHeapStatistics().heap_size_limit - ownBytes) * metadataShare),
  };
}

/**
 * `10G` as bytes; the letters are powers of 1024.
 *
 * @throws {UsageError} when it is no size.
 */
export function parseSize(text: string): number {
  const [, digits, letter = ''] = /^(\d+)([KMGT]?)$/i.exec(text.trim()) ?? [];
  const bytes = Number(digits) * 1024 ** ' KMGT'.indexOf(letter.toUpperCase() || ' ');
  if (!Number.isSafeInteger(bytes) || bytes === 0) {
    throw new UsageError(`"${text}" is no size`, { fix: 'write a number and K, M, G or T, like 500G' });
  }
  return bytes;
}

/** What one inode takes in memory beside its names (measured: 500,000 small files need a heap of 550 MB). */
const inodeBytes = 1000;
/** Memory for one block of a file, holes included (measured: a hole of 100 GB in blocks of 4 KiB needs 2.7 GB). */
const blockBytesInMemory = 100;
/** What one xattr takes beside its name and value. */
const xattrBytes = 200;

/** What layers have asked for. */
export interface ResourceUsage {
  /** Of the layers, unpacked. */
  readonly unpackedBytes: number;
  /** Of their files, holes counted. */
  readonly fileBytes: number;
  readonly entries: number;
  readonly metadataBytes: number;
}

/** What was asked for between two moments. */
export function usageSince(before: ResourceUsage, after: ResourceUsage): ResourceUsage {
  return {
    unpackedBytes: after.unpackedBytes - before.unpackedBytes,
    fileBytes: after.fileBytes - before.fileBytes,
    entries: after.entries - before.entries,
    metadataBytes: after.metadataBytes - before.metadataBytes,
  };
}

/** Counts what the layers of one image have asked for. */
export class UsageLimiter {
  readonly #limits: ImageLimits;
  readonly #blockBytes: number;
  #unpackedBytes = 0;
  #inflatedBytes = 0;
  #fileBytes = 0;
  #entries = 0;
  #metadataBytes = 0;

  /** @param blockBytes block size of the file system, which determines the memory for the block lists of files. */
  constructor(limits: ImageLimits, blockBytes: number) {
    this.#limits = limits;
    this.#blockBytes = blockBytes;
  }

  get demand(): ResourceUsage {
    return {
      unpackedBytes: this.#unpackedBytes,
      fileBytes: this.#fileBytes,
      entries: this.#entries,
      metadataBytes: this.#metadataBytes,
    };
  }

  /**
   * For a layer that was read another time.
   *
   * @throws {HpcGatError} when it is too large.
   */
  takeLayer({ unpackedBytes, fileBytes, entries, metadataBytes }: ResourceUsage, place: string): void {
    this.unpack(unpackedBytes, place);
    this.#fileBytes += fileBytes;
    this.#expectSize(this.#fileBytes, () => place);
    this.#entries += entries;
    this.#metadataBytes += metadataBytes;
    this.#expectRoom(() => place);
  }

  /** @throws {HpcGatError} when these bytes of a layer are too many. */
  unpack(bytes: number, place: string): void {
    this.#unpackedBytes += bytes;
    this.#expectSize(this.#unpackedBytes, () => place);
  }

  /**
   * For what comes out of a file that holds the layers; they are counted by themselves.
   *
   * @throws {HpcGatError} when these bytes are too many.
   */
  inflate(bytes: number, place: string): void {
    this.#inflatedBytes += bytes;
    this.#expectSize(this.#inflatedBytes, () => place);
  }

  /** @throws {HpcGatError} when this entry is too large, or one too many. */
  take({ name, linkName, xattrs, sizeBytes }: TarEntry, place: string): void {
    const where = () => `${place}, at "${toPrintableBytes(name)}"`;
    this.#fileBytes += sizeBytes;
    this.#expectSize(this.#fileBytes, where);
    this.#entries += 1;
    this.#metadataBytes += inodeBytes + name.length + linkName.length;
    this.#metadataBytes += Math.floor(sizeBytes / this.#blockBytes) * blockBytesInMemory;
    for (const [key, value] of xattrs) {
      this.#metadataBytes += xattrBytes + key.length + value.length;
    }
    this.#expectRoom(where);
  }

  #expectRoom(where: () => string): void {
    if (this.#entries > this.#limits.entries) {
      throw new HpcGatError(`${where()}: the image has more than ${this.#limits.entries} entries`, {
        fix: 'check how the image was built: no image needs so many',
      });
    }
    if (this.#metadataBytes > this.#limits.metadataBytes) {
      throw new HpcGatError(
        `${where()}: the names, attributes and block lists of the image's ${this.#entries} entries up to here take more memory than this process has`,
        {
          fix: 'NODE_OPTIONS=--max-old-space-size=MEGABYTES gives it more; files of many GB, holes included, need less with a larger --block-size',
        },
      );
    }
  }

  #expectSize(bytes: number, where: () => string): void {
    if (bytes > this.#limits.unpackedBytes) {
      throw new HpcGatError(
        `${where()}: the image unpacks to more than ${this.#limits.unpackedBytes / 2 ** 30} GiB`,
        { fix: '--max-size SIZE allows more, where the image is meant to be so large' },
      );
    }
  }
}
