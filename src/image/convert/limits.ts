import { getHeapStatistics } from 'node:v8';
import { HpcGatError, UsageError } from '../../support/errors.ts';
import { toPrintableBytes } from '../../support/text/printable.ts';
import type { TarEntry } from '../../formats/tar/tar-entry.ts';

/**
 * Limits for the resources that an image uses. No real image comes close to them; larger ones are treated as
 * malicious.
 */
export interface ImageLimits {
  /** Unpacked size of all layers together; also of all their files, including holes. */
  readonly unpackedBytes: number;
  /** Number of entries of all layers together. */
  readonly entries: number;
  /** Memory for names, owners and xattrs, which are stored until the tree is written. */
  readonly metadataBytes: number;
}

const tebibyte = 2 ** 40;

/** Memory of this program itself, and of V8 for new objects. */
const ownBytes = 128 * 2 ** 20;
/** Share of the remaining memory for the tree. */
const metadataShare = 0.7;

export function getDefaultLimits(unpackedBytes = tebibyte): ImageLimits {
  return {
    unpackedBytes,
    entries: 10_000_000,
    metadataBytes: Math.max(ownBytes / 8, (getHeapStatistics().heap_size_limit - ownBytes) * metadataShare),
  };
}

/**
 * Parses a size like `10G`; the letters are powers of 1024.
 *
 * @throws {UsageError} for an invalid size.
 */
export function parseSize(text: string): number {
  const [, digits, letter = ''] = /^(\d+)([KMGT]?)$/i.exec(text.trim()) ?? [];
  const bytes = Number(digits) * 1024 ** ' KMGT'.indexOf(letter.toUpperCase() || ' ');
  if (!Number.isSafeInteger(bytes) || bytes === 0) {
    throw new UsageError(`"${text}" is not a size`, { fix: 'write a number and K, M, G or T, like 500G' });
  }
  return bytes;
}

/** Memory for one inode besides its names (measured: 500,000 small files need a heap of 550 MB). */
const inodeBytes = 1000;
/** Memory for one block of a file, holes included (measured: a hole of 100 GB in blocks of 4 KiB needs 2.7 GB). */
const blockBytesInMemory = 100;
/** Memory for one xattr besides its name and value. */
const xattrBytes = 200;

/** Resources that layers use. */
export interface ResourceUsage {
  /** Unpacked size of the layers. */
  readonly unpackedBytes: number;
  /** Size of their files, including holes. */
  readonly fileBytes: number;
  readonly entries: number;
  readonly metadataBytes: number;
}

/** Returns the usage between two measurements. */
export function subtractUsage(before: ResourceUsage, after: ResourceUsage): ResourceUsage {
  return {
    unpackedBytes: after.unpackedBytes - before.unpackedBytes,
    fileBytes: after.fileBytes - before.fileBytes,
    entries: after.entries - before.entries,
    metadataBytes: after.metadataBytes - before.metadataBytes,
  };
}

/** Counts the resources that the layers of one image use, and enforces the limits. */
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
   * Adds the usage of a layer that was read earlier.
   *
   * @throws {HpcGatError} if a limit is exceeded.
   */
  addLayer({ unpackedBytes, fileBytes, entries, metadataBytes }: ResourceUsage, place: string): void {
    this.addUnpacked(unpackedBytes, place);
    this.#fileBytes += fileBytes;
    this.#expectSize(this.#fileBytes, () => place);
    this.#entries += entries;
    this.#metadataBytes += metadataBytes;
    this.#checkTotals(() => place);
  }

  /** Adds unpacked bytes of a layer. @throws {HpcGatError} if the limit is exceeded. */
  addUnpacked(bytes: number, place: string): void {
    this.#unpackedBytes += bytes;
    this.#expectSize(this.#unpackedBytes, () => place);
  }

  /**
   * Adds decompressed bytes of a file that contains the layers; they are counted separately.
   *
   * @throws {HpcGatError} if the limit is exceeded.
   */
  addDecompressed(bytes: number, place: string): void {
    this.#inflatedBytes += bytes;
    this.#expectSize(this.#inflatedBytes, () => place);
  }

  /** Adds an entry. @throws {HpcGatError} if a limit is exceeded. */
  addEntry({ name, linkName, xattrs, sizeBytes }: TarEntry, place: string): void {
    const where = () => `${place}, at "${toPrintableBytes(name)}"`;
    this.#fileBytes += sizeBytes;
    this.#expectSize(this.#fileBytes, where);
    this.#entries += 1;
    this.#metadataBytes += inodeBytes + name.length + linkName.length;
    this.#metadataBytes += Math.floor(sizeBytes / this.#blockBytes) * blockBytesInMemory;
    for (const [key, value] of xattrs) {
      this.#metadataBytes += xattrBytes + key.length + value.length;
    }
    this.#checkTotals(where);
  }

  #checkTotals(where: () => string): void {
    if (this.#entries > this.#limits.entries) {
      throw new HpcGatError(`${where()}: the image has more than ${this.#limits.entries} entries`, {
        fix: 'check how the image was built: no image needs so many',
      });
    }
    if (this.#metadataBytes > this.#limits.metadataBytes) {
      throw new HpcGatError(
        `${where()}: the names, attributes and block lists of the image's ${this.#entries} entries up to here take more memory than this process has`,
        {
          fix: 'set NODE_OPTIONS=--max-old-space-size=MEGABYTES; files of many GB, holes included, need less memory with a larger --block-size',
        },
      );
    }
  }

  #expectSize(bytes: number, where: () => string): void {
    if (bytes > this.#limits.unpackedBytes) {
      throw new HpcGatError(
        `${where()}: the image unpacks to more than ${this.#limits.unpackedBytes / 2 ** 30} GiB`,
        { fix: 'raise the limit with --max-size SIZE if the image is supposed to be that large' },
      );
    }
  }
}
