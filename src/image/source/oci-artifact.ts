import { imageConfigSchema } from './image-config.ts';
import { parseAs, parseObject, readChecked, type BlobReader } from './oci-blobs.ts';
import {
  isFileSystemLayer,
  manifestMediaTypes,
  type Descriptor,
  type imageManifestSchema,
} from './oci-manifest.ts';
import type { z } from 'zod';

/** The tags that cosign and registries without a referrers API give to what is about an image. */
const referrerTag = /(?:^|[:@/])sha256-[0-9a-f]{64}(?:\.\w+)?$/;

/** Docker's manifests of before 2016, of which a better message speaks. */
const firstForm = 'application/vnd.docker.distribution.manifest.v1+';

/** Whether BuildKit lists the entry beside the image that it is about. */
export function isAttestation({ annotations, platform }: Descriptor): boolean {
  return (
    platform?.os === 'unknown' ||
    platform?.architecture === 'unknown' ||
    annotations['vnd.docker.reference.type'] !== undefined
  );
}

/** Whether an index lists the entry as a signature, an SBOM or anything else that is stored like an image, and is none. */
function isListedArtifact({ annotations, artifactType, mediaType }: Descriptor): boolean {
  const kind = annotations.kind ?? '';
  const type = mediaType.replace(/;.*$/, '').trim().toLowerCase();
  return (
    artifactType !== '' ||
    (kind.startsWith('dev.cosignproject.cosign/') && !/image(index)?$/i.test(kind)) ||
    namesOf({ annotations }).some((name) => referrerTag.test(name)) ||
    !(type === '' || type.startsWith(firstForm) || (manifestMediaTypes as readonly string[]).includes(type))
  );
}

/** Returns the images among the entries of an index; where there is none, whatever is not an attestation. */
export function imagesAmong(manifests: readonly Descriptor[]): readonly Descriptor[] {
  const others = manifests.filter((one) => !isAttestation(one));
  const images = others.filter((one) => !isListedArtifact(one));
  return images.length === 0 ? others : images;
}

/** Names of an entry: OCI image-spec annotations.md; containerd and Docker keep the full name beside the tag. */
export function namesOf({ annotations }: Pick<Descriptor, 'annotations'>): string[] {
  return ['org.opencontainers.image.ref.name', 'io.containerd.image.name'].flatMap((key) => {
    const name = annotations[key] ?? '';
    return name === '' ? [] : [name];
  });
}

/**
 * Reads the configuration that a manifest names, where it is that of an image.
 *
 * @returns undefined for a signature, an SBOM, an attestation: these have a `subject`, layers of no file system, or another
 * configuration.
 * @throws {HpcGatError} when the configuration is missing or damaged.
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
