import { HpcGatError } from '../../support/errors.ts';
import { printableBytes } from '../../support/printable.ts';
import { ByteReader } from './byte-reader.ts';
import type { DataRun, EntryKind, TarEntry } from './entry.ts';
import { byteText, isZeroRecord, parseTarHeader, recordBytes, type TarHeader } from './header.ts';
import { parsePax, paxNumber, sparseMapKey, type PaxRecords } from './pax.ts';
import { dataMap, oldGnuMap, paxMap, type SparseMap } from './sparse.ts';

const kinds: Readonly<Record<string, EntryKind>> = {
  '0': 'file',
  '1': 'hard-link',
  '2': 'symbolic-link',
  '3': 'character-device',
  '4': 'block-device',
  '5': 'directory',
  '6': 'fifo',
  '7': 'file',
  S: 'file',
};

/** All headers before one entry: longer than any path, any set of xattrs, any map of a sparse file. */
const maxExtensionBytes = 16 * 1024 * 1024;
/** All global pax headers of a layer. */
const maxGlobalBytes = 1024 * 1024;

/** What Linux takes (limits.h: XATTR_NAME_MAX, XATTR_SIZE_MAX). */
const maxXattrNameBytes = 255;
const maxXattrBytes = 65_536;

/** What numbers may be: owners have 32 bits, and of a device's numbers squashfs holds 12 and 20. */
const ranges = [
  ['mode', 0, 0o7777, false],
  ['uid', 0, 2 ** 32 - 1, false],
  ['gid', 0, 2 ** 32 - 1, false],
  ['mtime', -Infinity, Infinity, false],
  ['major', 0, 0xfff, true],
  ['minor', 0, 0xfffff, true],
] as const;

const xattrPrefix = 'SCHILY.xattr.';
/** Records that may hold for all entries; other global ones, like git's comment, mean nothing here. */
const globalKeys = new Set(['path', 'linkpath', 'size', 'uid', 'gid', 'mtime']);

/** What headers before an entry say of it, in place of its own. */
interface Extension {
  name?: string;
  linkName?: string;
  bytes: number;
  pax?: Map<string, Buffer>;
}

const noRecords: PaxRecords = new Map();
/** Types of headers that describe the next one. */
const extensionTypes = new Set(['x', 'g', 'X', 'L', 'K']);

/**
 * Reads a layer from first byte to last: pax, ustar and GNU headers, sparse files in GNU's four forms. Content is
 * read between the entries, or passed over.
 */
export class TarReader {
  readonly #bytes: ByteReader;
  readonly #place: string;
  readonly #global = new Map<string, Buffer>();
  #globalBytes = 0;
  /** Stored bytes of the present entry that were not read yet, and the padding behind them. */
  #left = 0;
  #padding = 0;
  #runs: readonly DataRun[] = [];
  #run = 0;
  #contentAt = 0;

  /** @param place names the layer in messages. */
  constructor(chunks: AsyncIterable<Buffer>, place: string) {
    this.#bytes = new ByteReader(chunks);
    this.#place = place;
  }

  /**
   * The next entry; undefined at the end of the layer, when the stream was read to its last byte.
   *
   * @throws {HpcGatError} when the layer is damaged, cut off, or holds what no image holds.
   */
  async next(): Promise<TarEntry | undefined> {
    const rest = this.#bytes.skip(this.#left + this.#padding);
    if ((typeof rest === 'number' ? rest : await rest) < this.#left + this.#padding) {
      throw this.#cutOff();
    }
    const extension: Extension = { bytes: 0 };
    for (;;) {
      const at = this.#bytes.position;
      const coming = this.#bytes.read(recordBytes);
      const record = coming instanceof Promise ? await coming : coming;
      if (record.length === 0 || isZeroRecord(record)) {
        await this.#expectEnd();
        return undefined;
      }
      const header = parseTarHeader(record);
      if (header === undefined) {
        throw this.#damaged(`the header at byte ${at} has a wrong checksum`);
      }
      if (!extensionTypes.has(header.type)) {
        const pax = this.#recordsOf(extension);
        const entry = this.#entry(header, extension, pax);
        return isSparse(entry, header, pax) ? await this.#sparse(entry, header, record, pax) : entry;
      }
      await this.#extend(extension, header);
    }
  }

  /**
   * Fills a buffer, no longer than what is left, with the next bytes of the present entry's content; its holes with
   * zeros.
   *
   * @returns false, and leaves the buffer as it is, where all of them lie in a hole.
   */
  readContent(target: Buffer): boolean | Promise<boolean> {
    const from = this.#contentAt;
    const to = from + target.length;
    this.#contentAt = to;
    const first = this.#runs[this.#run];
    if (first !== undefined && first.offset <= from && first.offset + first.bytes >= to) {
      const read = this.#readStoredInto(target);
      return read === undefined || read.then(() => true);
    }
    return this.#readRuns(target, from, to);
  }

  async #readRuns(target: Buffer, from: number, to: number): Promise<boolean> {
    let any = false;
    for (;;) {
      const run = this.#runs[this.#run];
      if (run === undefined || run.offset >= to) {
        return any;
      }
      const begin = Math.max(run.offset, from);
      const end = Math.min(run.offset + run.bytes, to);
      if (end > begin) {
        if (!any) {
          target.fill(0);
          any = true;
        }
        await this.#readStoredInto(target.subarray(begin - from, end - from));
      }
      if (run.offset + run.bytes > to) {
        return any;
      }
      this.#run += 1;
    }
  }

  async #readStored(length: number): Promise<Buffer> {
    const bytes = await this.#bytes.read(length);
    if (bytes.length < length) {
      throw this.#cutOff();
    }
    this.#left -= length;
    return bytes;
  }

  /** @returns undefined where the bytes are there already. */
  #readStoredInto(target: Buffer): undefined | Promise<void> {
    this.#left -= target.length;
    const read = this.#bytes.readInto(target);
    return read === target.length ? undefined : this.#expectAll(read, target.length);
  }

  async #expectAll(read: number | Promise<number>, wanted: number): Promise<void> {
    if ((await read) < wanted) {
      throw this.#cutOff();
    }
  }

  async #expectEnd(): Promise<void> {
    const at = this.#bytes.position;
    const second = await this.#bytes.read(recordBytes);
    if (!isZeroRecord(second)) {
      throw this.#damaged(`something follows the mark of its end, at byte ${at}`);
    }
    await this.#bytes.skip(Number.POSITIVE_INFINITY);
  }

  /** Takes up a header that describes the next one. */
  async #extend(extension: Extension, { type, sizeBytes }: TarHeader): Promise<void> {
    extension.bytes += recordBytes + sizeBytes;
    if (!(sizeBytes >= 0 && extension.bytes <= maxExtensionBytes)) {
      throw this.#damaged(
        `the headers of type ${type} before an entry claim ${sizeBytes} bytes, at byte ${this.#bytes.position}`,
      );
    }
    this.#left = sizeBytes + paddingOf(sizeBytes);
    // With its padding at once: what is read holds until the next is.
    const data = (await this.#readStored(this.#left)).subarray(0, sizeBytes);
    if (type === 'L') {
      extension.name = byteText(data, 0, data.length);
    } else if (type === 'K') {
      extension.linkName = byteText(data, 0, data.length);
    } else {
      const records = parsePax(data);
      if (records === undefined) {
        throw this.#damaged(`the pax header before byte ${this.#bytes.position} cannot be read`);
      }
      if (type === 'g') {
        this.#extendAll(records, sizeBytes);
      } else {
        const pax = (extension.pax ??= new Map());
        records.forEach((value, key) => pax.set(key, value));
      }
    }
  }

  #extendAll(records: PaxRecords, sizeBytes: number): void {
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

  #recordsOf({ pax }: Extension): PaxRecords {
    if (this.#global.size === 0) {
      return pax ?? noRecords;
    }
    return pax === undefined ? this.#global : new Map([...this.#global, ...pax]);
  }

  #entry(header: TarHeader, { name, linkName }: Extension, pax: PaxRecords): TarEntry {
    const path = text(pax, 'GNU.sparse.name') ?? text(pax, 'path') ?? name ?? header.name;
    const kind = path.endsWith('/') && '07'.includes(header.type) ? 'directory' : kinds[header.type];
    if (kind === undefined) {
      throw this.#damaged(`${quoted(path)} is of the unknown type ${quoted(header.type)}`);
    }
    // Whatever else a header claims a size for, like a link, has no content (POSIX.1-2001, ustar).
    const sizeBytes = kinds[header.type] === 'file' ? number(pax, 'size', header.sizeBytes) : 0;
    if (!(sizeBytes >= 0)) {
      throw this.#damaged(`${quoted(path)} has an impossible size`);
    }
    this.#left = sizeBytes;
    this.#padding = paddingOf(sizeBytes);
    this.#runs = [{ offset: 0, bytes: sizeBytes }];
    this.#run = 0;
    this.#contentAt = 0;
    const entry: TarEntry = {
      kind,
      name: path,
      linkName: text(pax, 'linkpath') ?? linkName ?? header.linkName,
      mode: Number.isNaN(header.mode) ? header.mode : header.mode & 0o7777,
      uid: number(pax, 'uid', header.uid),
      gid: number(pax, 'gid', header.gid),
      mtime: number(pax, 'mtime', header.mtime),
      major: header.major,
      minor: header.minor,
      xattrs: xattrsOf(pax),
      sizeBytes,
    };
    this.#check(entry);
    return entry;
  }

  /**
   * Reads the map of a sparse file.
   *
   * @param record the header's bytes, which the next read leaves behind.
   */
  async #sparse(entry: TarEntry, { type }: TarHeader, record: Buffer, pax: PaxRecords): Promise<TarEntry> {
    const nextRecord = () => this.#readStored(recordBytes);
    let map: SparseMap | undefined;
    if (type === 'S') {
      // Its records lie before the content and are not counted in the size.
      map = await oldGnuMap(Buffer.from(record), async () => this.#bytes.read(recordBytes));
    } else if (text(pax, 'GNU.sparse.major') === '1') {
      map = await dataMap(pax, nextRecord);
    } else {
      map = paxMap(pax);
    }
    const mapped = map?.runs.reduce((sum, { bytes }) => sum + bytes, 0);
    if (map === undefined || mapped !== this.#left) {
      throw this.#damaged(`the map of the sparse file ${quoted(entry.name)} cannot be right`);
    }
    this.#runs = map.runs;
    return { ...entry, ...map };
  }

  #check(entry: TarEntry): void {
    const { name, linkName, kind, xattrs } = entry;
    const isDevice = kind === 'character-device' || kind === 'block-device';
    for (const [key, least, most, ofDevices] of ranges) {
      const value = entry[key];
      if (!(value >= least && value <= most) && (isDevice || !ofDevices)) {
        const problem = Number.isNaN(value) ? `a ${key} that is no number` : `an impossible ${key}: ${value}`;
        throw this.#damaged(`${quoted(name)} has ${problem}`);
      }
    }
    if (name.includes('\0') || linkName.includes('\0')) {
      throw this.#damaged(`${quoted(name)} has a NUL in its name`);
    }
    for (const [key, value] of xattrs) {
      if (key.length > maxXattrNameBytes || value.length > maxXattrBytes || key.includes('\0')) {
        throw this.#damaged(`${quoted(name)} has an xattr that Linux does not take: ${quoted(key)}`);
      }
    }
  }

  #cutOff(): HpcGatError {
    return this.#damaged(`it is cut off at byte ${this.#bytes.position}`);
  }

  #damaged(problem: string): HpcGatError {
    return new HpcGatError(`${this.#place} is damaged: ${problem}`, {
      fix: 'save or pull the image again',
    });
  }
}

function isSparse({ kind }: TarEntry, { type }: TarHeader, pax: PaxRecords): boolean {
  return kind === 'file' && (type === 'S' || text(pax, 'GNU.sparse.major') === '1' || pax.has(sparseMapKey));
}

function quoted(name: string): string {
  return `"${printableBytes(name)}"`;
}

function paddingOf(sizeBytes: number): number {
  return (recordBytes - (sizeBytes % recordBytes)) % recordBytes;
}

/** An empty value takes back what was said before (POSIX.1-2001 pax): the header holds. */
function text(pax: PaxRecords, key: string): string | undefined {
  if (pax.size === 0) {
    return undefined;
  }
  const value = pax.get(key);
  return value === undefined || value.length === 0 ? undefined : value.toString('latin1');
}

function number(pax: PaxRecords, key: string, otherwise: number): number {
  const value = pax.get(key);
  return value === undefined || value.length === 0 ? otherwise : paxNumber(value);
}

const noXattrs: ReadonlyMap<string, Buffer> = new Map();

function xattrsOf(pax: PaxRecords): ReadonlyMap<string, Buffer> {
  if (pax.size === 0) {
    return noXattrs;
  }
  const found = [...pax].filter(([key]) => key.startsWith(xattrPrefix));
  return found.length === 0
    ? noXattrs
    : new Map(found.map(([key, value]) => [key.slice(xattrPrefix.length), value]));
}
