import { HpcGatError, getErrorMessage, UsageError } from '../../../support/errors.ts';
import { toPrintable } from '../../../support/text/printable.ts';
import { layoutFix } from '../archive-file.ts';
import { checkDescription, parseDescription } from '../description-json.ts';
import { openDirectoryFiles, readSlice, openTarFiles, type FileSlice } from '../image-files.ts';
import { chooseEntry } from './oci-entry.ts';
import { resolveImage, type OciImage } from './oci-image.ts';
import { getBlobName, missingNonDistributable, type BlobReader } from './oci-blobs.ts';
import { indexSchema, isNonDistributable, type Descriptor, type ImageIndex } from './oci-manifest.ts';
import type { OciSource } from '../source.ts';

/** Directory or archive in the form of OCI's image-layout.md, whose descriptions were read. */
export interface OciLayout {
  readonly image: OciImage;
  /** Returns the file of a layer's blob. @throws {HpcGatError} if it is missing. */
  readonly blob: (digest: string) => Promise<FileSlice>;
}

/**
 * @throws {UsageError} if there is no such layout, or if it does not contain the image.
 * @throws {HpcGatError} if it is damaged.
 */
export async function readOciLayout(source: OciSource): Promise<OciLayout> {
  const { kind, file } = source;
  const files = kind === 'oci' ? openDirectoryFiles(file) : await openTarFiles(file, layoutFix);
  const image = await readOciImage(source, async (name) => {
    const slice = await files.find(name);
    return slice && readSlice(slice, name, file);
  });
  return {
    image,
    blob: async (digest) =>
      (await files.find(getBlobName(digest))) ??
      throwMissing(
        file,
        digest,
        image.layers.find((layer) => layer.digest === digest),
      ),
  };
}

/**
 * Reads the descriptions of the requested image from a layout.
 *
 * @param read reads a file of the layout; returns undefined if it does not exist.
 * @throws {UsageError} {HpcGatError} as {@link readOciLayout}.
 */
export async function readOciImage(
  source: OciSource,
  read: (name: string) => Promise<Buffer | undefined>,
): Promise<OciImage> {
  const { kind, file, platform } = source;
  const index = await read('index.json');
  if (index === undefined) {
    throw new UsageError(
      `${file} is not an OCI ${kind === 'oci' ? 'directory' : 'archive'}: it contains no index.json`,
      {
        fix:
          kind === 'oci'
            ? 'name the directory that contains oci-layout, index.json and blobs/'
            : 'name an archive that `docker save` of Docker 25 or later, `skopeo copy` or buildx wrote; for older archives write docker-archive:FILE',
      },
    );
  }
  const blobs: BlobReader = {
    place: file,
    fix: layoutFix,
    read: async (digest) => (await read(getBlobName(digest))) ?? throwMissing(file, digest),
  };
  const start = await chooseEntry(parseIndex(index.toString('utf8'), file), source, blobs);
  return resolveImage(start, blobs, platform);
}

function throwMissing(place: string, digest: string, layer?: Descriptor): never {
  if (layer !== undefined && isNonDistributable(layer)) {
    throw missingNonDistributable(place, layer);
  }
  throw new HpcGatError(`${place} is incomplete: it does not contain the blob ${digest}`, { fix: layoutFix });
}

function parseIndex(text: string, place: string): ImageIndex {
  try {
    const index = checkDescription(indexSchema, parseDescription(text));
    const [problem] = index.problems;
    if (index.manifests.length === 0 && problem !== undefined) {
      throw new Error(problem);
    }
    return index;
  } catch (cause) {
    throw new HpcGatError(
      `index.json in ${place} is not the index of an OCI image: ${toPrintable(getErrorMessage(cause))}`,
      { fix: layoutFix, cause },
    );
  }
}
