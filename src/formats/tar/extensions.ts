import { byteText, recordBytes, type TarHeader } from './header.ts';
import { parsePax, xattrPrefix, type PaxRecords } from './pax.ts';

/** What headers before an entry say of it, in place of its own. */
export interface Extension {
  readonly name?: string | undefined;
  readonly linkName?: string | undefined;
  readonly pax: PaxRecords;
}

/** All headers before one entry: longer than any path, any set of xattrs, any map of a sparse file. */
const maxExtensionBytes = 16 * 1024 * 1024;
/** All global pax headers of a layer. */
const maxGlobalBytes = 1024 * 1024;

/** Records that may hold for all entries; other global ones, like git's comment, mean nothing here. */
const globalKeys = new Set(['path', 'linkpath', 'size', 'uid', 'gid', 'mtime']);

const noRecords: PaxRecords = new Map();
/** Types of headers that describe the next one: POSIX's, Sun's and GNU's. */
const types = new Set(['x', 'g', 'X', 'L', 'K']);

export function isExtension({ type }: TarHeader): boolean {
  return types.has(type);
}

/** Gathers what headers before an entry say of it; what global ones say holds for all that follow. */
export class Extensions {
  readonly #damaged: (problem: string) => Error;
  readonly #global = new Map<string, Buffer>();
  #globalBytes = 0;
  #bytes = 0;
  #name: string | undefined;
  #linkName: string | undefined;
  #pax: Map<string, Buffer> | undefined;

  /** @param damaged what is thrown for a problem. */
  constructor(damaged: (problem: string) => Error) {
    this.#damaged = damaged;
  }

  /** Before the data of such a header is read. @param at where it begins. */
  expect({ type, sizeBytes }: TarHeader, at: number): void {
    this.#bytes += recordBytes + sizeBytes;
    if (!(sizeBytes >= 0 && this.#bytes <= maxExtensionBytes)) {
      throw this.#damaged(
        `the headers of type ${type} before an entry claim ${sizeBytes} bytes, at byte ${at}`,
      );
    }
  }

  /** @param end where its data ends. */
  add(type: string, data: Buffer, end: number): void {
    if (type === 'L') {
      this.#name = byteText(data, 0, data.length);
    } else if (type === 'K') {
      this.#linkName = byteText(data, 0, data.length);
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

  /** What was said of the entry that comes now. */
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
