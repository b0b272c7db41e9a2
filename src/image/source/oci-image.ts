import type { z } from 'zod';
import { sha256OfBytes } from '../../support/digest.ts';
import { HpcGatError, messageOf, UsageError } from '../../support/errors.ts';
import { checkDescription, parseDescription } from './description-json.ts';
import { imageConfigSchema, type ImageConfig } from './image-config.ts';
import {
  imageManifestSchema,
  indexSchema,
  isAttestation,
  unusableLayer,
  type Descriptor,
} from './oci-manifest.ts';
import { bestOf, formatPlatform, hostPlatform, type Platform } from './platform.ts';

/** Where the manifests and configurations of an image are read from. */
export interface BlobReader {
  /** For messages. */
  readonly place: string;
  /** What a person can do when it turns out to be damaged. */
  readonly fix: string;
  read(descriptor: Pick<Descriptor, 'digest' | 'size' | 'mediaType'>): Promise<Buffer>;
}

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
 * with the digest by which it was asked for.
 *
 * @param platform of this host when undefined.
 * @throws {UsageError} when there is none for this platform.
 * @throws {HpcGatError} for what is damaged or cannot be converted.
 */
export async function resolveImage(
  start: Descriptor,
  blobs: BlobReader,
  platform: Platform | undefined,
): Promise<OciImage> {
  let descriptor = start;
  for (let depth = 0; depth < maxDepth; depth += 1) {
    const bytes = await readChecked(descriptor, blobs);
    const json = parseJson(bytes, descriptor, blobs);
    if (!('manifests' in json)) {
      return await readImage(descriptor, bytes, json, blobs);
    }
    const { manifests } = parse(indexSchema, json, descriptor, blobs);
    descriptor = choosePlatform(manifests, blobs.place, platform);
  }
  throw new HpcGatError(`${blobs.place}: its indexes lead to one another without end`, { fix: blobs.fix });
}

/**
 * @param platform of this host when undefined.
 * @throws {UsageError} when there is none for this platform.
 */
export function choosePlatform(
  manifests: readonly Descriptor[],
  place: string,
  platform: Platform | undefined,
): Descriptor {
  const images = manifests.filter((one) => !isAttestation(one));
  const wanted = platform ?? hostPlatform();
  const found = bestOf(images, wanted);
  const [only] = images;
  if (found !== undefined) {
    return found;
  }
  if (images.length === 1 && only !== undefined && !only.platform) {
    return only;
  }
  const platforms = images.map((image) => (image.platform ? formatPlatform(image.platform) : 'unnamed'));
  throw new UsageError(`${place} holds no image for ${formatPlatform(wanted)}`, {
    fix:
      platforms.length === 0
        ? 'it holds no image at all'
        : `it has one for: ${platforms.join(', ')}; --platform says for which nodes it is`,
  });
}

async function readImage(
  { digest, mediaType }: Descriptor,
  manifest: Buffer,
  json: object,
  blobs: BlobReader,
): Promise<OciImage> {
  if ('fsLayers' in json) {
    throw new UsageError(
      `${blobs.place} holds a manifest of Docker's first form, which is no longer in use`,
      {
        fix: 'push or save the image again with a current Docker',
      },
    );
  }
  const { config, layers } = parse(imageManifestSchema, json, { digest }, blobs);
  for (const layer of layers) {
    const problem = unusableLayer(layer);
    if (problem !== undefined) {
      throw new UsageError(`${blobs.place}: its layer ${layer.digest} ${problem}`, {
        fix: 'take an image with plain layers: tar, tar+gzip or tar+zstd',
      });
    }
  }
  const configBytes = await readChecked(config, blobs);
  const parsed = parse(imageConfigSchema, parseJson(configBytes, config, blobs), config, blobs);
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

async function readChecked(descriptor: Descriptor, blobs: BlobReader): Promise<Buffer> {
  const bytes = await blobs.read(descriptor);
  const found = `sha256:${sha256OfBytes(bytes)}`;
  if (found !== descriptor.digest) {
    throw new HpcGatError(`${blobs.place} is damaged: ${descriptor.digest} has the digest ${found}`, {
      fix: blobs.fix,
    });
  }
  return bytes;
}

function parseJson(bytes: Buffer, { digest }: { digest: string }, blobs: BlobReader): object {
  return described(digest, blobs, () => {
    const json = parseDescription(bytes.toString('utf8'));
    if (typeof json === 'object' && json !== null) {
      return json;
    }
    throw new Error('no object');
  });
}

function parse<Schema extends z.ZodType>(
  schema: Schema,
  json: unknown,
  { digest }: { digest: string },
  blobs: BlobReader,
): z.output<Schema> {
  return described(digest, blobs, () => checkDescription(schema, json));
}

function described<Description>(
  digest: string,
  { place, fix }: BlobReader,
  read: () => Description,
): Description {
  try {
    return read();
  } catch (cause) {
    throw new HpcGatError(`${place}: ${digest} is not the description of an image: ${messageOf(cause)}`, {
      fix,
      cause,
    });
  }
}
