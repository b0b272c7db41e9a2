import type { HpcGatError, UsageError } from '../../../support/errors.ts';
import { chooseForPlatform, createNoSuchImageError, formatSome, type Candidate } from '../image-choice.ts';
import { filterImages, isAttestation, getNames } from './oci-artifact.ts';
import type { BlobReader } from './oci-blobs.ts';
import type { Descriptor, ImageIndex } from './oci-manifest.ts';
import { readPlatforms } from './oci-platforms.ts';
import { findEntryBlob, walkIndex } from './walk-index.ts';
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
    throw createSelectorError(source, images, problems);
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

/** Creates the error for a source that selects none of the images. */
function createSelectorError(
  { kind, file, tag, digest }: OciSource,
  images: readonly Descriptor[],
  problems: readonly string[],
): UsageError {
  const names = [...new Set(images.flatMap(getNames))];
  const unnamed = images.filter((one) => getNames(one).length === 0).map((one) => one.digest);
  return createNoSuchImageError(
    file,
    { name: tag, digest },
    {
      names,
      content:
        images.length === 0
          ? ['no images', ...problems.slice(0, 1)].join('; ')
          : formatSome([...names, ...unnamed]),
      formatName: (name) => `${kind}:${file}:${name}`,
    },
  );
}

/** Finds a manifest or an index by its digest, among the entries and in nested indexes. */
async function findByDigest(
  digest: string,
  entries: readonly Descriptor[],
  blobs: BlobReader,
): Promise<Descriptor | undefined> {
  const direct = entries.find((entry) => entry.digest === digest);
  if (direct !== undefined) {
    return direct;
  }
  const walk = walkIndex(entries, {
    read: (entry) => findEntryBlob(entry, blobs),
    choose: ({ manifests }) => manifests,
  });
  for await (const { entry } of walk) {
    if (entry.digest === digest) {
      return entry;
    }
  }
  return undefined;
}
