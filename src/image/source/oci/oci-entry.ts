import { type HpcGatError, UsageError } from '../../../support/errors.ts';
import { findNearest } from '../../../support/text/suggest.ts';
import { chooseForPlatform, formatSome, type Candidate } from '../image-choice.ts';
import { filterImages, isAttestation, getNames } from './oci-artifact.ts';
import { parseAs, parseObject, readChecked, type BlobReader } from './oci-blobs.ts';
import { indexSchema, isIndex, type Descriptor, type ImageIndex } from './oci-manifest.ts';
import { readPlatforms } from './oci-platforms.ts';
import { findBest, hostPlatform } from '../platform.ts';
import type { OciSource } from '../source.ts';

/**
 * Chooses the entry of a layout's index that the source names: by digest, by tag, else the only entry or the only one
 * for the platform.
 *
 * @throws {UsageError} if it does not exist, or several remain.
 */
export async function chooseEntry(
  { manifests, problems }: ImageIndex,
  source: OciSource,
  blobs: BlobReader,
): Promise<Descriptor> {
  const { kind, file, tag, digest, platform } = source;
  const named =
    tag === undefined
      ? manifests
      : manifests.filter((one) => !isAttestation(one) && getNames(one).includes(tag));
  if (digest !== undefined) {
    const found = await findByDigest(digest, named, blobs);
    if (found !== undefined) {
      return found;
    }
  }
  const images = filterImages(manifests);
  const wanted = digest === undefined ? onceEach(filterImages(named), platform) : [];
  const [first, ...others] = wanted;
  if (first === undefined) {
    throw noSuchImage(source, images, problems);
  }
  if (others.length === 0) {
    return first;
  }
  const failures: HpcGatError[] = [];
  const candidates: Candidate<Descriptor>[] = [];
  for (const image of wanted) {
    const platforms = await readPlatforms(image, blobs, failures, candidates.length);
    const names = images.filter((one) => one.digest === image.digest).flatMap(getNames);
    candidates.push({ image, names: [...new Set(names)], digest: image.digest, platforms });
  }
  return chooseForPlatform(candidates, { kind, file }, platform);
}

/** Removes duplicates: an image may be listed under several names, or for several platforms. */
function onceEach(manifests: readonly Descriptor[], platform = hostPlatform()): readonly Descriptor[] {
  return [...new Set(manifests.map(({ digest }) => digest))].flatMap((digest) => {
    const same = manifests.filter((one) => one.digest === digest);
    return findBest(same, platform) ?? same.slice(0, 1);
  });
}

function noSuchImage(
  { kind, file, tag, digest }: OciSource,
  images: readonly Descriptor[],
  problems: readonly string[],
): UsageError {
  const names = [...new Set(images.flatMap(getNames))];
  const selectors = [
    ...names,
    ...images.filter((one) => getNames(one).length === 0).map((one) => one.digest),
  ];
  const meant = tag === undefined ? undefined : findNearest(tag, names);
  const wanted = digest ?? tag;
  const held =
    images.length === 0 ? ['no images', ...problems.slice(0, 1)].join('; ') : formatSome(selectors);
  return new UsageError(`${file} contains no image${wanted === undefined ? '' : ` ${wanted}`}`, {
    fix:
      meant === undefined || digest !== undefined
        ? `it contains ${held}`
        : `did you mean ${kind}:${file}:${meant}?`,
  });
}

/** Limits of the search for a digest: number of entries, and depth of nested indexes. */
const maxSearched = 1000;
const maxDepth = 4;

/** Finds a manifest or an index by its digest, among the entries and in nested indexes. */
async function findByDigest(
  digest: string,
  entries: readonly Descriptor[],
  blobs: BlobReader,
): Promise<Descriptor | undefined> {
  let level = entries;
  for (let depth = 0, searched = 0; depth < maxDepth && level.length > 0; depth += 1) {
    const found = level.find((one) => one.digest === digest);
    if (found !== undefined) {
      return found;
    }
    const next: Descriptor[] = [];
    for (const entry of level) {
      searched += 1;
      next.push(...(searched > maxSearched ? [] : await entriesIn(entry, blobs)));
    }
    level = next;
  }
  return undefined;
}

/** Reads the entries of an index; empty for other blobs and unreadable ones. */
async function entriesIn(entry: Descriptor, blobs: BlobReader): Promise<readonly Descriptor[]> {
  try {
    const json = parseObject(await readChecked(entry, 'manifest', blobs), entry.digest, blobs);
    return isIndex(json) ? parseAs(indexSchema, json, entry.digest, blobs).manifests : [];
  } catch {
    return [];
  }
}
