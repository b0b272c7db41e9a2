import { HpcGatError, UsageError } from '../../../support/errors.ts';
import { applyIndexedPlatform, imageConfigSchema, type ImageConfig } from '../image-config.ts';
import { parseAs, parseObject, readChecked, type BlobReader } from './oci-blobs.ts';
import { choosePlatform } from './oci-platforms.ts';
import { imageManifestSchema, explainUnusableLayer, type Descriptor } from './oci-manifest.ts';
import { readEntryBlob, walkIndex, type EntryBlob } from './walk-index.ts';
import type { Platform } from '../platform.ts';

/** Image for one platform. */
export interface OciImage {
  readonly manifestDigest: string;
  readonly manifestMediaType: string;
  readonly manifest: Buffer;
  readonly configDigest: string;
  readonly configBytes: Buffer;
  readonly config: ImageConfig;
  /** Layers, the lowest first. */
  readonly layers: readonly Descriptor[];
}

/**
 * Follows indexes to the manifest of the image for one platform, and reads its configuration. Every blob is compared
 * with its digest. A platform in an index takes precedence over the one in the configuration.
 *
 * @param platform requested platform; this host's if undefined.
 * @throws {UsageError} if there is no image for this platform.
 * @throws {HpcGatError} for damaged or unsupported data.
 */
export async function resolveImage(
  start: Pick<Descriptor, 'digest' | 'mediaType' | 'platform'>,
  blobs: BlobReader,
  platform: Platform | undefined,
): Promise<OciImage> {
  let indexed: Platform | undefined;
  const walk = walkIndex([start], {
    read: (entry) => readEntryBlob(entry, blobs),
    choose: async (index) => [await choosePlatform(index, blobs, platform)],
  });
  for await (const { entry, blob } of walk) {
    indexed = entry.platform ?? indexed;
    if (blob !== undefined && blob.index === undefined) {
      const image = await readImage(entry, blob, blobs);
      return { ...image, config: applyIndexedPlatform(image.config, indexed) };
    }
  }
  throw new HpcGatError(`${blobs.place}: its indexes are nested in a loop or too deeply`, { fix: blobs.fix });
}

async function readImage(
  { digest, mediaType }: Pick<Descriptor, 'digest' | 'mediaType'>,
  { bytes: manifest, json }: EntryBlob,
  blobs: BlobReader,
): Promise<OciImage> {
  if (Object.keys(json).some((key) => key.toLowerCase() === 'fslayers')) {
    throw new UsageError(
      `${blobs.place} has a manifest of Docker's first schema, which is no longer supported`,
      {
        fix: 'push or save the image again with a current Docker',
      },
    );
  }
  const { config, layers } = parseAs(imageManifestSchema, json, digest, blobs);
  for (const layer of layers) {
    const problem = explainUnusableLayer(layer);
    if (problem !== undefined) {
      throw new UsageError(`${blobs.place}: its layer ${layer.digest} ${problem}`, {
        fix: 'use an image whose layers are tar, tar+gzip or tar+zstd',
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
