import * as z from 'zod';
import { rarelyUsed } from '../../../support/text/parse-with-schema.ts';
import { goObjectSchema, listSchema } from '../description-json.ts';
import { canonicalPlatform } from '../platform.ts';

/** Schema of a text. Go, in which most other tools are written, decodes null as an empty text. */
const text = z
  .string()
  .nullish()
  .transform((found) => found ?? '');

const annotations = z
  .record(z.string(), text)
  .nullish()
  .transform((found) => found ?? {});

/** Schema of an entry's platform; undefined when it is missing or malformed. */
const platform = goObjectSchema({ os: text, architecture: text, variant: text })
  .transform((found) => (found.os + found.architecture === '' ? undefined : canonicalPlatform(found)))
  .nullish()
  .transform((found) => found ?? undefined)
  .catch(undefined)
  .optional();

/** Fields of a descriptor (OCI image-spec, descriptor.md). */
const descriptorShape = {
  mediaType: text,
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/, 'not a SHA-256 digest'),
  size: z.int().nonnegative(),
  annotations,
  platform,
  /** Type of an artifact that is stored like an image. */
  artifactType: text,
};

const descriptorSchema = goObjectSchema(descriptorShape);

export type Descriptor = z.output<typeof descriptorSchema>;

/** Schema of an entry of an index, tolerant except for the digest: an invalid entry does not invalidate the others. */
const entrySchema = goObjectSchema({
  ...descriptorShape,
  mediaType: text.catch(''),
  size: z.int().nonnegative().catch(0),
  annotations: annotations.catch({}),
  artifactType: text.catch(''),
});

/** Schema of an index (OCI) or a manifest list (Docker), with the problems of unusable entries. */
export const indexSchema = goObjectSchema({ manifests: listSchema(z.unknown()) }).transform(
  ({ manifests }) => {
    const found: Descriptor[] = [];
    const problems: string[] = [];
    manifests.forEach((entry, index) => {
      const { data, error } = entrySchema.safeParse(entry, rarelyUsed);
      const [issue] = error?.issues ?? [];
      if (data !== undefined) {
        found.push(data);
      } else {
        const place = ['manifests', index, ...(issue?.path ?? [])].map(String).join('.');
        problems.push(`${place}: ${issue?.message.replace(/^Invalid input: /, '') ?? ''}`);
      }
    });
    return { manifests: found, problems };
  },
);

export type ImageIndex = z.output<typeof indexSchema>;

/** Schema of the manifest of one image (OCI image-spec manifest.md, Docker image manifest version 2, schema 2). */
export const imageManifestSchema = goObjectSchema({
  config: descriptorSchema,
  layers: listSchema(descriptorSchema),
  /** Image that an artifact, such as a signature, refers to. */
  subject: z.unknown().optional(),
});

/** Media types that are requested from a registry, and that an index may refer to. */
export const manifestMediaTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
] as const;

/** Returns whether the object is an index. The keys are checked because the media type may be missing. */
export function isIndex(json: object): boolean {
  return Object.entries(json).some(
    ([key, value]) => key.toLowerCase() === 'manifests' && Array.isArray(value),
  );
}

/** Returns why a layer cannot be converted, or undefined if it can be. */
export function explainUnusableLayer(layer: Descriptor): string | undefined {
  const { mediaType } = layer;
  if (mediaType.endsWith('+encrypted')) {
    return 'is encrypted';
  }
  if (!isFileSystemLayer(layer)) {
    return `is not a file system layer but ${mediaType}`;
  }
  const [, codec = 'gzip'] = /tar[.+](.+)$/.exec(mediaType) ?? [];
  return ['gzip', 'zstd'].includes(codec) ? undefined : `is compressed by ${codec}`;
}

/** Returns whether a layer is part of a root file system, in any compression or encryption. */
export function isFileSystemLayer({ mediaType }: Descriptor): boolean {
  return /^$|^application\/vnd\.(oci\.image\.layer\.(nondistributable\.)?v1\.tar|docker\.image\.rootfs\.(foreign\.)?diff\.tar)([.+]\w+)*$/.test(
    mediaType,
  );
}

/** Returns whether the license of a layer forbids distributing it, so that the registry may not have it. */
export function isNonDistributable({ mediaType }: Descriptor): boolean {
  return /nondistributable|\.foreign\./.test(mediaType);
}
