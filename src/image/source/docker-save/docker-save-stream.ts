import type { HpcGatError } from '../../../support/errors.ts';
import { toPrintableBytes } from '../../../support/text/printable.ts';
import { normalizeEntryName, findEntry, resolveLink } from '../../../formats/tar/entry-name.ts';
import { isZeroRecord, decodeTarHeader, recordBytes } from '../../../formats/tar/header.ts';
import type { TarEntry } from '../../../formats/tar/tar-entry.ts';
import { TarReader } from '../../../formats/tar/reader.ts';
import { parseDigestInName } from './docker-manifest.ts';
import { verifyStoredDigest, detectCodec, verifyDigests, inflateLayer } from '../layers/inflate-layer.ts';
import type { ArrivingLayer, LayerReading } from '../layers/layered-image.ts';
import { detectLayerCodec, detectUnsupportedCodec } from '../layers/stored-codec.ts';

/** Number of bytes read at once from an entry of the stream. */
const pieceBytes = 1024 * 1024;
/** Limit for one description of an image, and below for all of them. */
const maxTextBytes = 16 * 1024 * 1024;
const maxTextsBytes = 64 * 1024 * 1024;
/** Memory for a description besides its text. */
const textOverheadBytes = 512;
/** Limit for blobs, layers and descriptions: an archive of all images of a registry has fewer. */
const maxEntries = 1_000_000;
/** Depth of `blobs/sha256/HEX`; deeper files belong to a root file system unless they look like JSON. */
const maxDepth = 3;

/** Labels of the stream, and its errors. */
export interface StreamPlace {
  /** Label of the image. */
  readonly place: string;
  /** Label of the stream. */
  readonly stream: string;
  /** Creates the error for a file that no image has. */
  readonly createError: (held: string) => HpcGatError;
}

/**
 * Reads the output of `docker save` once, from start to end. Before Docker 25 it contains directories of layers by
 * id, since then blobs by digest, sometimes compressed; Podman and OCI archives have other orders. The manifest or
 * index, which defines the role of each file, comes last. Therefore layers are distinguished from descriptions by
 * their first bytes, and from one another by their digests.
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
   * Yields the layers of all images in the order of the stream.
   *
   * @throws {UsageError} for a tar with other content.
   * @throws {HpcGatError} if the stream or a layer is damaged.
   */
  async *layers(chunks: AsyncIterable<Buffer>, reading: LayerReading): AsyncGenerator<ArrivingLayer> {
    const tar = new TarReader(chunks, this.#from.stream, { isArchive: true });
    let entries = 0;
    for (let entry = await tar.next(); entry !== undefined; entry = await tar.next()) {
      const { kind, sizeBytes } = entry;
      const name = normalizeEntryName(utf8(entry.name));
      entries += 1;
      if (entries > maxEntries) {
        throw this.#from.createError(`more than ${maxEntries} files`);
      }
      if (kind !== 'file') {
        // Directories, and links to a layer, which is also stored under its own name, or to a description.
        this.#storeLink(entry, name);
        continue;
      }
      const start = await fill(tar, Buffer.alloc(Math.min(sizeBytes, recordBytes)));
      if (isLayer(start)) {
        const bytes = content(tar, start, sizeBytes);
        yield { ...arriving(this.#from.place, name, bytes, start, reading), sizeBytes };
      } else {
        if (name.split('/').length > maxDepth && !isDescription(start)) {
          throw this.#from.createError(toPrintableBytes(name));
        }
        await this.#storeText(name, tar, start, sizeBytes);
      }
    }
  }

  /** Returns the description with a name; all are known after the end of the stream. */
  description(name: string): Buffer | undefined {
    const found = findEntry(this.#texts, name, (entry) => (typeof entry === 'string' ? entry : undefined));
    return typeof found === 'string' ? undefined : found;
  }

  /** Stores a description, unless it is too large to be one. */
  async #storeText(name: string, tar: TarReader, start: Buffer, sizeBytes: number): Promise<void> {
    if (sizeBytes <= maxTextBytes && this.#reserve(sizeBytes + name.length)) {
      const rest = await fill(tar, Buffer.alloc(sizeBytes - start.length));
      this.#texts.set(name, Buffer.concat([start, rest]));
    }
  }

  #storeLink({ kind, linkName }: TarEntry, name: string): void {
    if (kind.endsWith('-link') && this.#reserve(name.length + linkName.length)) {
      this.#texts.set(name, resolveLink(kind === 'hard-link' ? 'hard' : 'symbolic', name, utf8(linkName)));
    }
  }

  /** Reserves memory for a description. @returns false if the limit is exceeded. */
  #reserve(bytes: number): boolean {
    const isFree = this.#textsBytes + bytes + textOverheadBytes <= maxTextsBytes;
    this.#textsBytes += isFree ? bytes + textOverheadBytes : 0;
    return isFree;
  }
}

/**
 * Returns whether a file starts like a layer: with an entry, or an end mark if it has none. A description is JSON, or
 * a version number.
 */
function isLayer(start: Buffer): boolean {
  return (
    start.length === 0 ||
    detectCodec(start) !== 'none' ||
    detectUnsupportedCodec(start) !== undefined ||
    (start.length === recordBytes && (isZeroRecord(start) || decodeTarHeader(start) !== undefined))
  );
}

/** Decodes a file name, which is UTF-8 in these archives. */
function utf8(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Returns whether a file starts like JSON or a version number. */
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
  const digest = parseDigestInName(name);
  const stored = { name, codec: detectLayerCodec(start, name, place), chunks };
  const bytes = inflateLayer(place, stored, reading.onBytes, reading.signal, (found) => {
    verifyDigests(place, { name, ...(digest !== undefined && { digest }) }, found);
    diffId = found.uncompressed;
  });
  return {
    name,
    digest,
    bytes,
    check: () => verifyStoredDigest(place, { name, digest: digest ?? '', chunks }, reading),
    diffId: () => diffId,
  };
}

/** Yields the content; each piece is valid until the next one is requested. */
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
