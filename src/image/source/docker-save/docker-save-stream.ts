import type { HpcGatError } from '../../../support/errors.ts';
import { toPrintableBytes } from '../../../support/text/printable.ts';
import { entryName, findEntry, linkTarget } from '../../../formats/tar/entry-name.ts';
import { isZeroRecord, parseTarHeader, recordBytes } from '../../../formats/tar/header.ts';
import type { TarEntry } from '../../../formats/tar/tar-entry.ts';
import { TarReader } from '../../../formats/tar/reader.ts';
import { digestInName } from './docker-manifest.ts';
import { checkStored, codecByStart, expectDigests, inflateLayer } from '../layers/inflate-layer.ts';
import type { ArrivingLayer, LayerReading } from '../layers/layered-image.ts';
import { expectLayerCodec, foreignCodec } from '../layers/stored-codec.ts';

/** Read at once from an entry of the stream. */
const pieceBytes = 1024 * 1024;
/** Larger than any description of an image; together, what may be held of them. */
const maxTextBytes = 16 * 1024 * 1024;
const maxTextsBytes = 64 * 1024 * 1024;
/** What a description takes beside its text. */
const textOverheadBytes = 512;
/** Blobs, layers and descriptions: an archive of all images of a registry has fewer. */
const maxEntries = 1_000_000;
/** Depth of `blobs/sha256/HEX`; deeper files belong to a root file system unless they look like JSON. */
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
 * What `docker save` writes, read once and from front to back: before Docker 25 directories of layers by their ids, since then
 * blobs by their digests, sometimes compressed; Podman has an order of its own, and so have OCI archives. What is what is
 * known for certain from the manifest or index alone, which comes last: layers are told from descriptions by their first
 * bytes, and from one another by their digests.
 */
export class DockerSaveStream {
  readonly #from: StreamPlace;
  /** Descriptions and targets of links, by name. */
  readonly #texts = new Map<string, Buffer | string>();
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
    const tar = new TarReader(chunks, this.#from.stream, { isArchive: true });
    let entries = 0;
    for (let entry = await tar.next(); entry !== undefined; entry = await tar.next()) {
      const { kind, sizeBytes } = entry;
      const name = entryName(utf8(entry.name));
      entries += 1;
      if (entries > maxEntries) {
        throw this.#from.foreign(`more than ${maxEntries} files`);
      }
      if (kind !== 'file') {
        // Directories, and links to a layer, which is also stored under its own name, or to a description.
        this.#keepLink(entry, name);
        continue;
      }
      const start = await fill(tar, Buffer.alloc(Math.min(sizeBytes, recordBytes)));
      if (isLayer(start)) {
        const bytes = content(tar, start, sizeBytes);
        yield { ...arriving(this.#from.place, name, bytes, start, reading), sizeBytes };
      } else {
        if (name.split('/').length > maxDepth && !isDescription(start)) {
          throw this.#from.foreign(toPrintableBytes(name));
        }
        await this.#keepText(name, tar, start, sizeBytes);
      }
    }
  }

  /** What came under a name that is no layer; complete behind the end of the stream. */
  description(name: string): Buffer | undefined {
    const found = findEntry(this.#texts, name, (entry) => (typeof entry === 'string' ? entry : undefined));
    return typeof found === 'string' ? undefined : found;
  }

  /** What is too large for a description is passed over. */
  async #keepText(name: string, tar: TarReader, start: Buffer, sizeBytes: number): Promise<void> {
    if (sizeBytes <= maxTextBytes && this.#reserve(sizeBytes + name.length)) {
      const rest = await fill(tar, Buffer.alloc(sizeBytes - start.length));
      this.#texts.set(name, Buffer.concat([start, rest]));
    }
  }

  #keepLink({ kind, linkName }: TarEntry, name: string): void {
    if (kind.endsWith('-link') && this.#reserve(name.length + linkName.length)) {
      this.#texts.set(name, linkTarget(kind === 'hard-link' ? 'hard' : 'symbolic', name, utf8(linkName)));
    }
  }

  /** @returns whether there is memory left for a description of so many bytes. */
  #reserve(bytes: number): boolean {
    const isFree = this.#textsBytes + bytes + textOverheadBytes <= maxTextsBytes;
    this.#textsBytes += isFree ? bytes + textOverheadBytes : 0;
    return isFree;
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

/** Decodes a file name, which is UTF-8 in these archives. */
function utf8(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Whether a file starts like JSON or a version number. */
function isDescription(start: Buffer): boolean {
  return /^\s*[[{\d]/.test(start.toString('latin1'));
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
