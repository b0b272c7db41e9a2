import { hashBytes } from '../../../support/files/digest.ts';
import { checkDescription, parseDescription } from '../description-json.ts';
import { isAttestation } from '../oci/oci-artifact.ts';
import { imageManifestSchema, indexSchema, isIndex, type Descriptor } from '../oci/oci-manifest.ts';
import type { Platform } from '../platform.ts';

/** Image in the index of an archive of `docker save`. */
export interface SavedIndexEntry {
  readonly manifestDigest: string;
  readonly configDigest: string;
  /** Undefined if the index does not name it. */
  readonly platform: Platform | undefined;
}

/** Limits for reading the index: number of blobs, and depth of nested indexes. */
const maxRead = 1000;
const maxDepth = 4;

/**
 * Reads `index.json`, which archives of `docker save` contain since Docker 25 in addition to `manifest.json`. It only
 * adds information; missing or damaged parts are ignored.
 *
 * @param read reads a file of the archive; returns undefined if it does not exist.
 */
export async function readSavedIndex(
  read: (name: string) => Buffer | undefined | Promise<Buffer | undefined>,
): Promise<readonly SavedIndexEntry[]> {
  const parse = (bytes: Buffer) => {
    const json = parseDescription(bytes.toString('utf8'));
    return typeof json === 'object' && json !== null ? json : {};
  };
  const found: SavedIndexEntry[] = [];
  let blobs = 0;
  const follow = async (json: object, from: Descriptor | undefined, depth: number): Promise<void> => {
    if (!isIndex(json)) {
      const { config } = checkDescription(imageManifestSchema, json);
      found.push({
        manifestDigest: from?.digest ?? '',
        configDigest: config.digest,
        platform: from?.platform,
      });
      return;
    }
    for (const entry of checkDescription(indexSchema, json).manifests) {
      blobs += 1;
      if (!isAttestation(entry) && blobs <= maxRead && depth < maxDepth) {
        await attempt(entry, depth);
      }
    }
  };
  const attempt = async (entry: Descriptor | undefined, depth: number): Promise<void> => {
    const name = entry === undefined ? 'index.json' : `blobs/${entry.digest.replace(':', '/')}`;
    try {
      const bytes = await read(name);
      if (bytes !== undefined && (entry === undefined || `sha256:${hashBytes(bytes)}` === entry.digest)) {
        await follow(parse(bytes), entry, depth + 1);
      }
    } catch {
      // manifest.json is sufficient.
    }
  };
  await attempt(undefined, 0);
  return found;
}
