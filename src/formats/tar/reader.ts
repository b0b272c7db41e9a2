import { HpcGatError } from '../../support/errors.ts';
import { ByteReader } from './byte-reader.ts';
import { StoredContent } from './stored-content.ts';
import { parseEntry, isKnownType, quoteName } from './parse-entry.ts';
import type { TarEntry } from './tar-entry.ts';
import { Extensions, isExtension } from './extensions.ts';
import { isZeroRecord, decodeTarHeader, recordBytes, type TarHeader } from './header.ts';
import type { PaxRecords } from './pax.ts';
import { isSparse, readSparseMap } from './sparse.ts';

/**
 * Reads a layer from first byte to last: pax, ustar and GNU headers, and sparse files in GNU's four forms. Content is
 * read between the entries, or skipped.
 */
export class TarReader {
  readonly #bytes: ByteReader;
  readonly #place: string;
  readonly #content: StoredContent;
  readonly #isArchive: boolean;
  readonly #extensions: Extensions;
  readonly #damaged = (problem: string) =>
    new HpcGatError(`${this.#place} is damaged: ${problem}`, { fix: 'save or pull the image again' });

  /**
   * @param place names the layer in messages.
   * @param isArchive whether the stream is an archive of layers rather than a layer: one zero record ends it, and entries
   *   of unknown types, such as a volume label, are skipped.
   */
  constructor(chunks: AsyncIterable<Buffer>, place: string, { isArchive = false } = {}) {
    this.#bytes = new ByteReader(chunks);
    this.#place = place;
    this.#isArchive = isArchive;
    this.#content = new StoredContent(this.#bytes, () =>
      this.#damaged(`it is cut off at byte ${this.#bytes.position}`),
    );
    this.#extensions = new Extensions(this.#damaged);
  }

  /**
   * Returns the next entry; undefined at the end of the layer, after the stream was read to its last byte.
   *
   * @throws {HpcGatError} if the layer is damaged, cut off, or contains something that no image contains.
   */
  async next(): Promise<TarEntry | undefined> {
    const ending = this.#content.end();
    if (ending !== undefined) {
      await ending;
    }
    for (;;) {
      const at = this.#bytes.position;
      const coming = this.#bytes.read(recordBytes);
      const record = coming instanceof Promise ? await coming : coming;
      if (record.length === 0 || isZeroRecord(record)) {
        await this.#expectEnd();
        return undefined;
      }
      const header = decodeTarHeader(record);
      if (header === undefined) {
        throw this.#damaged(`the header at byte ${at} has a wrong checksum`);
      }
      if (!isExtension(header)) {
        const extension = this.#extensions.take();
        if (this.#isArchive && !isKnownType(header) && header.sizeBytes >= 0) {
          this.#content.begin(header.sizeBytes);
          await this.#content.end();
          continue;
        }
        const entry = parseEntry(header, extension, this.#damaged);
        this.#content.begin(entry.sizeBytes);
        const { pax } = extension;
        return entry.kind === 'file' && isSparse(header.type, pax)
          ? await this.#sparse(entry, header, record, pax)
          : entry;
      }
      this.#extensions.expect(header, this.#bytes.position);
      this.#content.begin(header.sizeBytes);
      const data = await this.#content.readWhole();
      this.#extensions.add(header.type, data, this.#bytes.position);
    }
  }

  /**
   * Fills a buffer, no longer than the rest of the content, with the next bytes of the current entry's content; holes
   * become zeros.
   *
   * @returns false, and leaves the buffer unchanged, if all of the bytes are in a hole.
   */
  readContent(target: Buffer): boolean | Promise<boolean> {
    return this.#content.read(target);
  }

  /** Reads the map of a sparse file. */
  async #sparse(entry: TarEntry, header: TarHeader, record: Buffer, pax: PaxRecords): Promise<TarEntry> {
    // The header's bytes are copied, because the next read invalidates them.
    const map = await readSparseMap(header, Buffer.from(record), pax, {
      nextRecord: async () => this.#bytes.read(recordBytes),
      nextOfData: () => this.#content.readStored(recordBytes),
    });
    const mapped = map?.runs.reduce((sum, { bytes }) => sum + bytes, 0);
    if (map === undefined || mapped !== this.#content.leftBytes) {
      throw this.#damaged(`the map of the sparse file ${quoteName(entry.name)} is invalid`);
    }
    this.#content.spread(map.runs);
    return { ...entry, ...map };
  }

  async #expectEnd(): Promise<void> {
    const at = this.#bytes.position;
    const second = await this.#bytes.read(recordBytes);
    if (!this.#isArchive && !isZeroRecord(second)) {
      throw this.#damaged(`data follows its end mark at byte ${at}`);
    }
    await this.#bytes.skip(Number.POSITIVE_INFINITY);
  }
}
