import type { HpcGatError } from '../../support/errors.ts';
import { printableBytes } from '../../support/printable.ts';
import { isZeroRecord, parseTarHeader, recordBytes } from '../../formats/tar/header.ts';
import { TarReader } from '../../formats/tar/reader.ts';
import { digestInName } from './docker-manifest.ts';
import { checkStored, codecByStart, expectDigests, inflateLayer } from './inflate-layer.ts';
import type { ArrivingLayer, LayerReading } from './layered-image.ts';
import { expectLayerCodec, foreignCodec } from './stored-codec.ts';

/** Read at once from an entry of the stream. */
const pieceBytes = 1024 * 1024;
/** Larger than any description of an image; together, what may be held of them. */
const maxTextBytes = 16 * 1024 * 1024;
const maxTextsBytes = 64 * 1024 * 1024;
/** What a description takes beside its text. */
const textOverheadBytes = 512;
/** Blobs, layers and descriptions: an archive of all images of a registry has fewer. */
const maxEntries = 1_000_000;
/** Of names, as of `blobs/sha256/HEX`. */
const maxDepth = 3;

/** Where the stream comes from, for messages. */
export interface StreamPlace {
  /** The image. */
  readonly place: string;
  /** What is read. */
  readonly stream: string;
  /** When it has a file that no image has. */
  readonly foreign: (held: string) => HpcGatError;
}

/**
 * What `docker save` writes, read once and from front to back: before Docker 25 folders of layers by their ids, since then
 * blobs by their digests, sometimes compressed; Podman has an order of its own, and so have OCI archives. What is what is
 * known for certain from the manifest or index alone, which comes last: layers are told from descriptions by their first
 * bytes, and from one another by their digests.
 */
export class SavedStream {
  readonly #from: StreamPlace;
  readonly #texts = new Map<string, Buffer>();
  #textsBytes = 0;

  constructor(from: StreamPlace) {
    this.#from = from;
  }

  /**
   * The layers, of all images that are there, as they come.
   *
   * @throws {UsageError} for a tar of something else.
   * @throws {HpcGatError} when the stream or a layer is damaged.
   */
  async *layers(chunks: AsyncIterable<Buffer>, reading: LayerReading): AsyncGenerator<ArrivingLayer> {
    const tar = new TarReader(chunks, this.#from.stream, { endRecords: 1 });
    let entries = 0;
    for (let entry = await tar.next(); entry !== undefined; entry = await tar.next()) {
      const { kind, sizeBytes } = entry;
      const name = entry.name.replace(/^(\.\/)+|\/+$/g, '');
      entries += 1;
      if (entries > maxEntries || name.split('/').length > maxDepth) {
        throw this.#from.foreign(
          entries > maxEntries ? `more than ${maxEntries} files` : printableBytes(name),
        );
      }
      if (kind !== 'file') {
        // Folders, and links between folders of the same layer, which came under its first name.
        continue;
      }
      const start = await fill(tar, Buffer.alloc(Math.min(sizeBytes, recordBytes)));
      if (isLayer(start)) {
        const bytes = content(tar, start, sizeBytes);
        yield { ...arriving(this.#from.place, name, bytes, start, reading), sizeBytes };
      } else {
        await this.#keepText(name, tar, start, sizeBytes);
      }
    }
  }

  /** What came under a name that is no layer; complete behind the end of the stream. */
  description(name: string): Buffer | undefined {
    return this.#texts.get(name);
  }

  /** What is too large for a description is passed over. */
  async #keepText(name: string, tar: TarReader, start: Buffer, sizeBytes: number): Promise<void> {
    const bytes = sizeBytes + name.length + textOverheadBytes;
    if (sizeBytes <= maxTextBytes && this.#textsBytes + bytes <= maxTextsBytes) {
      const rest = await fill(tar, Buffer.alloc(sizeBytes - start.length));
      this.#texts.set(name, Buffer.concat([start, rest]));
      this.#textsBytes += bytes;
    }
  }
}

/** An entry of a layer, or its end mark where it has no entry; a description is JSON, or a version number. */
function isLayer(start: Buffer): boolean {
  return (
    start.length === 0 ||
    codecByStart(start) !== 'none' ||
    foreignCodec(start) !== undefined ||
    (start.length === recordBytes && (isZeroRecord(start) || parseTarHeader(start) !== undefined))
  );
}

function arriving(
  place: string,
  name: string,
  chunks: AsyncIterable<Buffer>,
  start: Buffer,
  reading: LayerReading,
): Omit<ArrivingLayer, 'sizeBytes'> {
  let diffId = '';
  const digest = digestInName(name);
  const stored = { name, codec: expectLayerCodec(start, name, place), chunks };
  const bytes = inflateLayer(place, stored, reading.onBytes, reading.signal, (found) => {
    expectDigests(place, { name, ...(digest !== undefined && { digest }) }, found);
    diffId = found.plain;
  });
  return {
    name,
    digest,
    bytes,
    check: () => checkStored(place, { name, digest: digest ?? '', chunks }, reading),
    diffId: () => diffId,
  };
}

/** Each piece holds until the next one is asked for. */
async function* content(tar: TarReader, start: Buffer, sizeBytes: number): AsyncGenerator<Buffer> {
  yield start;
  const left = sizeBytes - start.length;
  const buffer = Buffer.alloc(Math.min(left, pieceBytes));
  for (let done = 0; done < left; done += pieceBytes) {
    yield await fill(tar, buffer.subarray(0, left - done));
  }
}

async function fill(tar: TarReader, target: Buffer): Promise<Buffer> {
  if (!(await tar.readContent(target))) {
    target.fill(0);
  }
  return target;
}
