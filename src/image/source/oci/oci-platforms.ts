import { HpcGatError, UsageError } from '../../../support/errors.ts';
import { toPrintable } from '../../../support/text/printable.ts';
import { getPlatform } from '../image-config.ts';
import { filterImages, readConfigOfImage } from './oci-artifact.ts';
import { parseAs, type BlobReader } from './oci-blobs.ts';
import { imageManifestSchema, type Descriptor, type ImageIndex } from './oci-manifest.ts';
import { maxIndexDepth, readEntryBlob } from './walk-index.ts';
import { listBest, findBest, formatPlatform, hostPlatform, type Platform } from '../platform.ts';

/** Highest number of entries without a platform whose configuration is read. */
const maxRead = 64;

/**
 * Chooses the image for one platform from an index. If an entry has no platform, the platform is read from its
 * configuration.
 *
 * @param platform requested platform; that of this host if undefined.
 * @throws {UsageError} if there is no image for this platform.
 */
export async function choosePlatform(
  { manifests, problems }: ImageIndex,
  blobs: BlobReader,
  platform: Platform | undefined,
): Promise<Descriptor> {
  const images = filterImages(manifests);
  const wanted = platform ?? hostPlatform();
  const [only] = images;
  const found = listBest(images, wanted);
  if (found[0] !== undefined) {
    return firstImage(found, found[0], blobs);
  }
  if (images.length === 1 && only !== undefined && only.platform === undefined) {
    return only;
  }
  const read: { image: Descriptor; platform: Platform }[] = [];
  const failures: HpcGatError[] = [];
  for (const image of images) {
    const platforms = image.platform
      ? [image.platform]
      : await readPlatforms(image, blobs, failures, read.length);
    read.push(...platforms.map((one) => ({ image, platform: one })));
  }
  const configured = findBest(read, wanted);
  if (configured !== undefined) {
    return configured.image;
  }
  if (failures[0] !== undefined) {
    throw failures[0];
  }
  const platforms = [...new Set(read.map((one) => formatPlatform(one.platform)))];
  throw new UsageError(`${blobs.place} contains no image for ${formatPlatform(wanted)}`, {
    fix: [
      platforms.length === 0
        ? 'it contains no images'
        : `it contains images for: ${platforms.join(', ')}; select one with --platform`,
      ...problems
        .slice(0, 1)
        .map((problem) => `an entry of its index cannot be used: ${toPrintable(problem)}`),
    ].join('; '),
  });
}

/** Finds the first image: artifacts such as signatures may be listed with the platform of their image. */
async function firstImage(
  entries: readonly Descriptor[],
  otherwise: Descriptor,
  blobs: BlobReader,
): Promise<Descriptor> {
  if (entries.length > 1) {
    for (const entry of entries.slice(0, maxRead)) {
      const platforms = await readPlatforms(entry, blobs, []);
      if (platforms.length > 0) {
        return entry;
      }
    }
  }
  return otherwise;
}

/**
 * Reads the platforms of an entry of an index: one for an image, those of its images for an index, none for other
 * entries. A platform that the entry itself names takes precedence.
 *
 * @param failures receives the error of an unreadable entry, which does not invalidate the others.
 */
export async function readPlatforms(
  descriptor: Descriptor,
  blobs: BlobReader,
  failures: HpcGatError[],
  alreadyRead = 0,
  depth = 0,
): Promise<readonly Platform[]> {
  const { digest, platform } = descriptor;
  const listed = platform === undefined ? [] : [platform];
  if (alreadyRead >= maxRead || depth >= maxIndexDepth) {
    return listed;
  }
  try {
    const { json, index } = await readEntryBlob(descriptor, blobs);
    if (index !== undefined) {
      const platforms: Platform[] = [];
      for (const entry of filterImages(index.manifests)) {
        platforms.push(
          ...(entry.platform
            ? [entry.platform]
            : await readPlatforms(entry, blobs, failures, alreadyRead + platforms.length, depth + 1)),
        );
      }
      return platform === undefined ? platforms : listed;
    }
    const config = await readConfigOfImage(parseAs(imageManifestSchema, json, digest, blobs), blobs);
    return config === undefined ? [] : platform === undefined ? [getPlatform(config)] : listed;
  } catch (error) {
    if (error instanceof HpcGatError) {
      failures.push(error);
      return listed;
    }
    throw error;
  }
}
