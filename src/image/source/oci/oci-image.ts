import { HpcGatError, UsageError } from '../../../support/errors.ts';
import { asIndexed, imageConfigSchema, type ImageConfig } from '../image-config.ts';
import { parseAs, parseObject, readChecked, type BlobReader } from './oci-blobs.ts';
import { choosePlatform } from './oci-platforms.ts';
import { imageManifestSchema, indexSchema, isIndex, unusableLayer, type Descriptor } from './oci-manifest.ts';
import type { Platform } from '../platform.ts';

/** One image for one platform. */
export interface OciImage {
  readonly manifestDigest: string;
  readonly manifestMediaType: string;
  readonly manifest: Buffer;
  readonly configDigest: string;
  readonly configBytes: Buffer;
  readonly config: ImageConfig;
  /** The lowest first. */
  readonly layers: readonly Descriptor[];
}

/** As deep as an index may lead to another. */
const maxDepth = 4;

/**
 * Follows indexes to the manifest of the image for one platform, and reads its configuration. Each byte is compared
 * with the digest by which it was asked for. Where an index names a platform, that holds, whatever the configuration names.
 *
 * @param platform of this host when undefined.
 * @throws {UsageError} when there is none for this platform.
 * @throws {HpcGatError} for what is damaged or cannot be converted.
 */
export async function resolveImage(
  start: Pick<Descriptor, 'digest' | 'mediaType' | 'platform'>,
  blobs: BlobReader,
  platform: Platform | undefined,
): Promise<OciImage> {
  let descriptor = start;
  let indexed: Platform | undefined;
  for (let depth = 0; depth < maxDepth; depth += 1) {
    indexed = descriptor.platform ?? indexed;
    const { digest } = descriptor;
    const bytes = await readChecked(descriptor, 'manifest', blobs);
    const json = parseObject(bytes, digest, blobs);
    if (!isIndex(json)) {
      const image = await readImage(descriptor, bytes, json, blobs);
      return { ...image, config: asIndexed(image.config, indexed) };
    }
    descriptor = await choosePlatform(parseAs(indexSchema, json, digest, blobs), blobs, platform);
  }
  throw new HpcGatError(`${blobs.place}: its indexes lead to one another without end`, { fix: blobs.fix });
}

async function readImage(
  { digest, mediaType }: Pick<Descriptor, 'digest' | 'mediaType'>,
  manifest: Buffer,
  json: object,
  blobs: BlobReader,
): Promise<OciImage> {
  if (Object.keys(json).some((key) => key.toLowerCase() === 'fslayers')) {
    throw new UsageError(
      `${blobs.place} holds a manifest of Docker's first form, which is no longer in use`,
      {
        fix: 'push or save the image again with a current Docker',
      },
    );
  }
  const { config, layers } = parseAs(imageManifestSchema, json, digest, blobs);
  for (const layer of layers) {
    const problem = unusableLayer(layer);
    if (problem !== undefined) {
      throw new UsageError(`${blobs.place}: its layer ${layer.digest} ${problem}`, {
        fix: 'take an image with plain layers: tar, tar+gzip or tar+zstd',
      });
    }
  }
  const configBytes = await readChecked(config, 'config', blobs);
  const parsed = parseAs(
    imageConfigSchema,
    parseObject(configBytes, config.digest, blobs),
    config.digest,
    blobs,
  );
  if (parsed.rootfs.diff_ids.length !== layers.length) {
    throw new HpcGatError(
      `${blobs.place} is damaged: ${layers.length} layers, but digests of ${parsed.rootfs.diff_ids.length}`,
      { fix: blobs.fix },
    );
  }
  return {
    manifestDigest: digest,
    manifestMediaType: mediaType || 'application/vnd.oci.image.manifest.v1+json',
    manifest,
    configDigest: config.digest,
    configBytes,
    config: parsed,
    layers,
  };
}
