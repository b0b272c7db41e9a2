import * as z from 'zod';
import { UsageError } from '../../support/errors.ts';
import { nearest } from '../../support/nearest.ts';
import { listed } from './description-json.ts';

/** `manifest.json` of an archive of `docker save` (moby, image/spec/v1.2.md). */
export const manifestSchema = z
  .array(
    z.looseObject({
      Config: z.string(),
      RepoTags: listed(z.string()),
      Layers: listed(z.string()),
    }),
  )
  .min(1);

export type ManifestImage = z.output<typeof manifestSchema>[number];

/**
 * The image that is wanted, of those in the archive.
 *
 * @throws {UsageError} when it is not there, or there are several and none was named.
 */
export function chooseImage(
  images: readonly ManifestImage[],
  reference: string | undefined,
  file: string,
): ManifestImage {
  const [first] = images;
  if (reference === undefined && first !== undefined && images.length === 1) {
    return first;
  }
  const tags = images.flatMap(({ RepoTags }) => RepoTags);
  const found = images.find(({ RepoTags }) => reference !== undefined && RepoTags.includes(reference));
  if (found !== undefined) {
    return found;
  }
  if (reference === undefined) {
    throw new UsageError(`${file} holds ${images.length} images: ${tags.join(', ')}`, {
      fix: `name one of them: docker-archive:${file}:NAME:TAG`,
    });
  }
  const meant = nearest(reference, tags);
  const held = tags.length === 0 ? 'one image without a name' : tags.join(', ');
  throw new UsageError(`${file} holds no image ${reference}`, {
    fix: meant === undefined ? `it holds ${held}` : `did you mean ${meant}?`,
  });
}

/** Many files of an archive are named by their digest: `blobs/sha256/HEX`, `HEX.json`, `sha256:HEX`. */
export function digestInName(name: string): string | undefined {
  const hex = /^(?:blobs\/sha256\/|sha256:)?([0-9a-f]{64})(?:\.json)?$/.exec(name)?.[1];
  return hex === undefined ? undefined : `sha256:${hex}`;
}
