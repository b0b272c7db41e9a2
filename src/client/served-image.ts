import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { getErrorMessage, UsageError } from '../support/errors.ts';

const hex64 = z.string().regex(/^[0-9a-f]{64}$/);

/** The image that a server runs from. */
export const servedImageSchema = z.object({
  /** Where it comes from, as `make-sif` names it; the name in the Docker daemon. */
  source: z.string(),
  /** What tells it from others where it comes from: image id, digest of the manifest or of the definition file. */
  id: z.string().optional(),
  /** SHA-256 of the SIF, in hexadecimal. */
  sifSha256: hex64.optional(),
});

export type ServedImage = z.output<typeof servedImageSchema>;

/** What `make-sif` writes beside a SIF. */
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

/** What `docker image inspect` prints. */
const dockerInspection = z
  .tuple([z.object({ Id: z.string(), RepoTags: z.array(z.string()).nullish() })])
  .transform(([{ Id, RepoTags }]): ServedImage => ({
    source: `docker-daemon:${RepoTags?.[0] ?? Id}`,
    id: Id,
  }));

const recordSchema = z.union([sifManifest, dockerInspection]);

/**
 * The image that a record names: `NAME.sif.json`, or what `docker image inspect` printed.
 *
 * @throws {UsageError} when the file is neither.
 */
export async function readImageRecord(file: string): Promise<ServedImage> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    const why =
      error instanceof z.ZodError ? 'it says neither of a SIF nor of a Docker image' : getErrorMessage(error);
    throw new UsageError(`unusable record of an image ${file}: ${why}`, {
      fix: 'give the NAME.sif.json that make-sif wrote, or the output of `docker image inspect NAME`',
      cause: error,
    });
  }
}

/** One image by whichever digest both sides know: a SIF made again from the same layers is the same image. */
export function isSameImage(one: ServedImage, other: ServedImage): boolean {
  return one.id !== undefined && one.id === other.id
    ? true
    : one.sifSha256 !== undefined && one.sifSha256 === other.sifSha256;
}

/** For a person: where it comes from, and the shortest of its digests that tells. */
export function formatImage({ source, id, sifSha256 }: ServedImage): string {
  const digest = (id ?? sifSha256 ?? '').replace(/^sha256:/, '').slice(0, 12);
  return digest === '' ? source : `${source} (${digest})`;
}
