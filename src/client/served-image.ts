import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { getErrorMessage, UsageError } from '../support/errors.ts';

const hex64 = z.string().regex(/^[0-9a-f]{64}$/);

/** Image that a server runs from. */
export const servedImageSchema = z.object({
  /** Source of the image in the notation of `make-sif`; the name in the Docker daemon. */
  source: z.string(),
  /** Identity of the image at its source: image id, digest of the manifest or of the definition file. */
  id: z.string().optional(),
  /** SHA-256 of the SIF, in hexadecimal. */
  sifSha256: hex64.optional(),
});

export type ServedImage = z.output<typeof servedImageSchema>;

/** Schema of the manifest that `make-sif` writes beside a SIF. */
const sifManifest = z
  .object({
    source: z.string(),
    sha256: hex64,
    identity: z.object({
      imageId: z.string().optional(),
      manifestDigest: z.string().optional(),
      manifestSha256: hex64.optional(),
      recipeSha256: hex64.optional(),
    }),
  })
  .transform(({ source, sha256, identity }): ServedImage => {
    const { imageId, manifestDigest, manifestSha256, recipeSha256 } = identity;
    const id = imageId ?? manifestDigest ?? manifestSha256 ?? recipeSha256;
    return { source, ...(id !== undefined && { id }), sifSha256: sha256 };
  });

/** Schema of the output of `docker image inspect`. */
const dockerInspection = z
  .tuple([z.object({ Id: z.string(), RepoTags: z.array(z.string()).nullish() })])
  .transform(([{ Id, RepoTags }]): ServedImage => ({
    source: `docker-daemon:${RepoTags?.[0] ?? Id}`,
    id: Id,
  }));

const recordSchema = z.union([sifManifest, dockerInspection]);

/**
 * Reads the image from a record: `NAME.sif.json`, or the output of `docker image inspect`.
 *
 * @throws {UsageError} when the file is neither.
 */
export async function readImageRecord(file: string): Promise<ServedImage> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    const why =
      error instanceof z.ZodError ? 'it describes neither a SIF nor a Docker image' : getErrorMessage(error);
    throw new UsageError(`unusable record of an image ${file}: ${why}`, {
      fix: 'use the NAME.sif.json that make-sif wrote, or the output of `docker image inspect NAME`',
      cause: error,
    });
  }
}

/**
 * Returns whether two images are the same by a digest that both have: a SIF made again from the same layers
 * is the same image.
 */
export function isSameImage(one: ServedImage, other: ServedImage): boolean {
  return one.id !== undefined && one.id === other.id
    ? true
    : one.sifSha256 !== undefined && one.sifSha256 === other.sifSha256;
}

/** Formats an image: its source, and the shortest digest that identifies it. */
export function formatImage({ source, id, sifSha256 }: ServedImage): string {
  const digest = (id ?? sifSha256 ?? '').replace(/^sha256:/, '').slice(0, 12);
  return digest === '' ? source : `${source} (${digest})`;
}
