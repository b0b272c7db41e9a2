import * as z from 'zod';
import { normalizeEntryName } from '../../../formats/tar/entry-name.ts';
import { goObjectSchema, listSchema } from '../description-json.ts';

/** Schema of `manifest.json` in an archive of `docker save` (moby, image/spec/v1.2.md). */
export const manifestSchema = z
  .array(
    goObjectSchema({
      Config: z.string(),
      RepoTags: listSchema(z.string()),
      Layers: listSchema(z.string()),
    }),
  )
  .min(1);

export type ManifestImage = z.output<typeof manifestSchema>[number];

/**
 * Returns the digest in a file name: many files of an archive are named `blobs/sha256/HEX`, `HEX.json` or
 * `sha256:HEX`.
 */
export function parseDigestInName(name: string): string | undefined {
  const hex = /^(?:blobs\/sha256\/|sha256:)?([0-9a-f]{64})(?:\.json)?$/.exec(normalizeEntryName(name))?.[1];
  return hex === undefined ? undefined : `sha256:${hex}`;
}
