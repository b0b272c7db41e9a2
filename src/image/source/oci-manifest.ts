import * as z from 'zod';
import { listed } from './description-json.ts';

/** Go, which others write and read these with, takes null for an empty text. */
const text = z
  .string()
  .nullable()
  .transform((found) => found ?? '');

const annotations = z
  .record(z.string(), text)
  .nullish()
  .transform((found) => found ?? {});

/** OCI image-spec, descriptor.md. */
const descriptorSchema = z.looseObject({
  mediaType: z.string().default(''),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/, 'not a digest by SHA-256'),
  size: z.int().nonnegative(),
  annotations,
  platform: z.looseObject({ os: z.string(), architecture: z.string(), variant: text.optional() }).nullish(),
  /** Of what is stored like an image, and is none. */
  artifactType: z.string().nullish(),
});

export type Descriptor = z.output<typeof descriptorSchema>;

/** An index (OCI) or a manifest list (Docker). */
export const indexSchema = z.looseObject({ manifests: z.array(descriptorSchema) });

/** The manifest of one image (OCI image-spec manifest.md, Docker image manifest version 2, schema 2). */
export const imageManifestSchema = z.looseObject({
  config: descriptorSchema,
  layers: listed(descriptorSchema),
});

/** What a registry is asked for, and what an index may lead to. */
export const manifestMediaTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
] as const;

/** Signatures and the like, which BuildKit lists beside the image that they are about. */
export function isAttestation({ annotations, platform }: Descriptor): boolean {
  return platform?.os === 'unknown' || annotations['vnd.docker.reference.type'] !== undefined;
}

/** Why a layer cannot be converted; undefined for one that can. */
export function unusableLayer({ mediaType }: Descriptor): string | undefined {
  if (mediaType.endsWith('+encrypted')) {
    return 'is encrypted';
  }
  if (/nondistributable|\.foreign\./.test(mediaType)) {
    return 'lies elsewhere and may not be distributed with the image';
  }
  const [, foreign] = /[.+](xz|bzip2)$/.exec(mediaType) ?? [];
  if (foreign !== undefined) {
    return `is compressed by ${foreign}`;
  }
  const known =
    /^$|^application\/vnd\.(oci\.image\.layer\.v1\.tar|docker\.image\.rootfs\.diff\.tar)([.+](gzip|zstd))?$/;
  return known.test(mediaType) ? undefined : `is no layer of a file system but ${mediaType}`;
}
