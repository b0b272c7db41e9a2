import { imageConfigSchema } from '../image-config.ts';
import { parseAs, parseObject, readChecked, type BlobReader } from './oci-blobs.ts';
import {
  isFileSystemLayer,
  manifestMediaTypes,
  type Descriptor,
  type imageManifestSchema,
} from './oci-manifest.ts';
import type { z } from 'zod';

/** Tags that cosign and registries without a referrers API give to artifacts of an image. */
const referrerTag = /(?:^|[:@/])sha256-[0-9a-f]{64}(?:\.\w+)?$/;

/** Prefix of the media types of Docker's manifests before 2016, for which there is a separate message. */
const firstForm = 'application/vnd.docker.distribution.manifest.v1+';

/** Returns whether the entry is an attestation that BuildKit lists beside its image. */
export function isAttestation({ annotations, platform }: Descriptor): boolean {
  return (
    platform?.os === 'unknown' ||
    platform?.architecture === 'unknown' ||
    annotations['vnd.docker.reference.type'] !== undefined
  );
}

/** Returns whether the entry is an artifact that is stored like an image, such as a signature or an SBOM. */
function isListedArtifact({ annotations, artifactType, mediaType }: Descriptor): boolean {
  const kind = annotations.kind ?? '';
  const type = mediaType.replace(/;.*$/, '').trim().toLowerCase();
  return (
    artifactType !== '' ||
    (kind.startsWith('dev.cosignproject.cosign/') && !/image(index)?$/i.test(kind)) ||
    getNames({ annotations }).some((name) => referrerTag.test(name)) ||
    !(type === '' || type.startsWith(firstForm) || (manifestMediaTypes as readonly string[]).includes(type))
  );
}

/** Returns the images among the entries of an index; without images, all entries that are not attestations. */
export function filterImages(manifests: readonly Descriptor[]): readonly Descriptor[] {
  const others = manifests.filter((one) => !isAttestation(one));
  const images = others.filter((one) => !isListedArtifact(one));
  return images.length === 0 ? others : images;
}

/** Returns the names of an entry (OCI image-spec annotations.md); containerd and Docker add the full name to the tag. */
export function getNames({ annotations }: Pick<Descriptor, 'annotations'>): string[] {
  return ['org.opencontainers.image.ref.name', 'io.containerd.image.name'].flatMap((key) => {
    const name = annotations[key] ?? '';
    return name === '' ? [] : [name];
  });
}

/**
 * Reads the image configuration that a manifest references.
 *
 * @returns undefined for a signature, an SBOM or an attestation: these have a `subject`, layers without a file
 *   system, or another kind of configuration.
 * @throws {HpcGatError} if the configuration is missing or damaged.
 */
export async function readConfigOfImage(
  { config, layers, subject }: z.output<typeof imageManifestSchema>,
  blobs: BlobReader,
): Promise<z.output<typeof imageConfigSchema> | undefined> {
  if ((subject ?? undefined) !== undefined || !layers.every(isFileSystemLayer)) {
    return undefined;
  }
  const bytes = await readChecked(config, 'config', blobs);
  try {
    return parseAs(imageConfigSchema, parseObject(bytes, config.digest, blobs), config.digest, blobs);
  } catch {
    return undefined;
  }
}
