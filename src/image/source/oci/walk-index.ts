import { parseAs, parseObject, readChecked, type BlobReader } from './oci-blobs.ts';
import { indexSchema, isIndex, type Descriptor, type ImageIndex } from './oci-manifest.ts';

/** Highest depth of nested indexes, including the manifests in the deepest one. */
export const maxIndexDepth = 4;
/** Highest number of blobs that one walk reads. */
const maxBlobs = 1000;
/** Highest number of entries of one level; images have fewer than a hundred. */
const maxEntries = 10 * maxBlobs;

/** Blob of an entry: an index or the manifest of an image. */
export interface EntryBlob {
  readonly bytes: Buffer;
  readonly json: object;
  /** Entries, if the blob is an index. */
  readonly index: ImageIndex | undefined;
}

/**
 * Reads the blob of an entry of an index.
 *
 * @throws {HpcGatError} if the blob is missing or damaged.
 */
export async function readEntryBlob(
  entry: Pick<Descriptor, 'digest'>,
  blobs: BlobReader,
): Promise<EntryBlob> {
  const bytes = await readChecked(entry, 'manifest', blobs);
  const json = parseObject(bytes, entry.digest, blobs);
  return { bytes, json, index: isIndex(json) ? parseAs(indexSchema, json, entry.digest, blobs) : undefined };
}

/** Reads like {@link readEntryBlob}; returns undefined for a missing or damaged blob. */
export async function findEntryBlob(
  entry: Pick<Descriptor, 'digest'>,
  blobs: BlobReader,
): Promise<EntryBlob | undefined> {
  try {
    return await readEntryBlob(entry, blobs);
  } catch {
    return undefined;
  }
}

/** Functions that determine what a walk reads and visits. */
interface IndexWalk<Entry> {
  /** Reads the blob of an entry; returns undefined if the walk passes it over. */
  readonly read: (entry: Entry) => Promise<EntryBlob | undefined>;
  /** Chooses the entries of a nested index that are visited. */
  readonly choose: (index: ImageIndex) => readonly Entry[] | Promise<readonly Entry[]>;
}

/**
 * Visits the entries of an index and, level by level, those of nested indexes, down to {@link maxIndexDepth}. An index that is
 * listed several times is visited once.
 *
 * @returns each entry with its blob; undefined if it was not read.
 */
export async function* walkIndex<Entry extends Pick<Descriptor, 'digest'>>(
  entries: readonly Entry[],
  { read, choose }: IndexWalk<Entry>,
): AsyncGenerator<{ entry: Entry; blob: EntryBlob | undefined }, undefined> {
  const visitedIndexes = new Set<string>();
  let level = entries;
  for (let depth = 0, visited = 0; depth < maxIndexDepth; depth += 1) {
    const next: Entry[] = [];
    for (const entry of level) {
      if (visitedIndexes.has(entry.digest)) {
        continue;
      }
      visited += 1;
      const blob = visited > maxBlobs ? undefined : await read(entry);
      yield { entry, blob };
      if (blob?.index !== undefined) {
        visitedIndexes.add(entry.digest);
        next.push(...(await choose(blob.index)).slice(0, maxEntries - next.length));
      }
    }
    level = next;
  }
}
