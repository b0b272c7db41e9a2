import { rarelyUsed } from '../../../support/text/parse-with-schema.ts';
import { checkDescription, parseDescription } from '../description-json.ts';
import { isAttestation } from '../oci/oci-artifact.ts';
import { getBlobName, type BlobReader } from '../oci/oci-blobs.ts';
import { imageManifestSchema, indexSchema } from '../oci/oci-manifest.ts';
import { findEntryBlob, walkIndex } from '../oci/walk-index.ts';
import type { Platform } from '../platform.ts';

/** Image in the index of an archive of `docker save`. */
export interface SavedIndexEntry {
  readonly manifestDigest: string;
  readonly configDigest: string;
  /** Undefined if the index does not name it. */
  readonly platform: Platform | undefined;
}

/**
 * Reads `index.json`, which archives of `docker save` contain since Docker 25 in addition to `manifest.json`. It only
 * adds information; missing or damaged parts are ignored.
 *
 * @param read reads a file of the archive; returns undefined if it does not exist.
 */
export async function readSavedIndex(
  read: (name: string) => Buffer | undefined | Promise<Buffer | undefined>,
): Promise<readonly SavedIndexEntry[]> {
  const expect = async (name: string) => {
    const bytes = await read(name);
    if (bytes === undefined) {
      throw new Error(`there is no ${name}`);
    }
    return bytes;
  };
  const blobs: BlobReader = { place: 'index.json', fix: '', read: (digest) => expect(getBlobName(digest)) };
  const entries = await expect('index.json')
    .then((bytes) => checkDescription(indexSchema, parseDescription(bytes.toString('utf8'))).manifests)
    .catch(() => []);
  const found: SavedIndexEntry[] = [];
  const walk = walkIndex(entries, {
    read: async (entry) => (isAttestation(entry) ? undefined : findEntryBlob(entry, blobs)),
    choose: ({ manifests }) => manifests,
  });
  for await (const { entry, blob } of walk) {
    const manifest =
      blob?.index === undefined ? imageManifestSchema.safeParse(blob?.json, rarelyUsed).data : undefined;
    if (manifest !== undefined) {
      found.push({
        manifestDigest: entry.digest,
        configDigest: manifest.config.digest,
        platform: entry.platform,
      });
    }
  }
  return found;
}
