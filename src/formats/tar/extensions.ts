import { decodeByteText, recordBytes, type TarHeader } from './header.ts';
import { parsePax, xattrPrefix, type PaxRecords } from './pax.ts';

/** Values from extension headers that replace those of the next entry's own header. */
export interface Extension {
  readonly name?: string | undefined;
  readonly linkName?: string | undefined;
  readonly pax: PaxRecords;
}

/** Limit for all extension headers of one entry: larger than any path, set of xattrs or map of a sparse file. */
const maxExtensionBytes = 16 * 1024 * 1024;
/** Limit for all global pax headers of a layer. */
const maxGlobalBytes = 1024 * 1024;

/** Global records that are applied to all entries; others, like git's comment, are ignored. */
const globalKeys = new Set(['path', 'linkpath', 'size', 'uid', 'gid', 'mtime']);

const noRecords: PaxRecords = new Map();
/** Types of headers that describe the next entry: POSIX's, Sun's and GNU's. */
const types = new Set(['x', 'g', 'X', 'L', 'K']);

export function isExtension({ type }: TarHeader): boolean {
  return types.has(type);
}

/** Collects the extension headers of the next entry; global headers apply to all following entries. */
export class Extensions {
  readonly #damaged: (problem: string) => Error;
  readonly #global = new Map<string, Buffer>();
  #globalBytes = 0;
  #bytes = 0;
  #name: string | undefined;
  #linkName: string | undefined;
  #pax: Map<string, Buffer> | undefined;

  /** @param damaged creates the error for a problem. */
  constructor(damaged: (problem: string) => Error) {
    this.#damaged = damaged;
  }

  /** Checks the size of an extension header before its data is read. @param at offset of the data. */
  expect({ type, sizeBytes }: TarHeader, at: number): void {
    this.#bytes += recordBytes + sizeBytes;
    if (!(sizeBytes >= 0 && this.#bytes <= maxExtensionBytes)) {
      throw this.#damaged(
        `the headers of type ${type} before an entry claim ${sizeBytes} bytes, at byte ${at}`,
      );
    }
  }

  /** @param end offset after the data. */
  add(type: string, data: Buffer, end: number): void {
    if (type === 'L') {
      this.#name = decodeByteText(data, 0, data.length);
    } else if (type === 'K') {
      this.#linkName = decodeByteText(data, 0, data.length);
    } else {
      const records = parsePax(data);
      if (records === undefined) {
        throw this.#damaged(`the pax header before byte ${end} cannot be read`);
      }
      if (type === 'g') {
        this.#addGlobal(records, data.length);
      } else if (this.#pax === undefined) {
        this.#pax = records;
      } else {
        records.forEach((value, key) => this.#pax?.set(key, value));
      }
    }
  }

  /** Returns the values for the next entry and clears them. */
  take(): Extension {
    const extension = { name: this.#name, linkName: this.#linkName, pax: this.#records() };
    this.#bytes = 0;
    this.#name = undefined;
    this.#linkName = undefined;
    this.#pax = undefined;
    return extension;
  }

  #addGlobal(records: PaxRecords, sizeBytes: number): void {
    this.#globalBytes += sizeBytes;
    if (this.#globalBytes > maxGlobalBytes) {
      throw this.#damaged(`its global pax headers have more than ${maxGlobalBytes} bytes`);
    }
    for (const [key, value] of records) {
      if (globalKeys.has(key) || key.startsWith(xattrPrefix)) {
        this.#global.set(key, value);
      }
    }
  }

  #records(): PaxRecords {
    if (this.#global.size === 0) {
      return this.#pax ?? noRecords;
    }
    return this.#pax === undefined ? this.#global : new Map([...this.#global, ...this.#pax]);
  }
}
