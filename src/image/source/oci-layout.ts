import { HpcGatError, messageOf, UsageError } from '../../support/errors.ts';
import { nearest } from '../../support/nearest.ts';
import { layoutFix } from './archive-file.ts';
import { checkDescription, parseDescription } from './description-json.ts';
import { folderFiles, readSlice, tarFiles, type FileSlice } from './image-files.ts';
import { choosePlatform, resolveImage, type OciImage } from './oci-image.ts';
import { indexSchema, isAttestation, type Descriptor } from './oci-manifest.ts';
import type { Platform } from './platform.ts';
import type { OciSource } from './source.ts';

/** A folder or an archive in the form of OCI's image-layout.md, read as far as its descriptions go. */
export interface OciLayout {
  readonly image: OciImage;
  /** Where a blob lies. @throws {HpcGatError} when it is missing. */
  readonly blob: (digest: string) => Promise<FileSlice>;
}

/**
 * @throws {UsageError} when there is no such layout, or not this image in it.
 * @throws {HpcGatError} when it is damaged.
 */
export async function readOciLayout(source: OciSource): Promise<OciLayout> {
  const { kind, file } = source;
  const files = kind === 'oci' ? folderFiles(file) : await tarFiles(file, layoutFix);
  const image = await readOciImage(source, async (name) => {
    const slice = await files.find(name);
    return slice && readSlice(slice, name, file);
  });
  return {
    image,
    blob: async (digest) => (await files.find(blobName(digest))) ?? throwMissing(file, digest),
  };
}

/**
 * What the descriptions in a layout say of the image that is wanted from it.
 *
 * @param read a file of the layout; undefined when it is not there.
 * @throws {UsageError} {HpcGatError} as {@link readOciLayout}.
 */
export async function readOciImage(
  { kind, file, tag, platform }: OciSource,
  read: (name: string) => Promise<Buffer | undefined>,
): Promise<OciImage> {
  const index = await read('index.json');
  if (index === undefined) {
    throw new UsageError(
      `${file} is no OCI ${kind === 'oci' ? 'folder' : 'archive'}: it holds no index.json`,
      {
        fix:
          kind === 'oci'
            ? 'name the folder that holds oci-layout, index.json and blobs/'
            : 'name what `docker save` of Docker 25 or later, `skopeo copy` or buildx wrote; older archives are docker-archive:FILE',
      },
    );
  }
  const { manifests } = parseIndex(index.toString('utf8'), file);
  return resolveImage(
    choose(manifests, tag, file, kind, platform),
    {
      place: file,
      fix: layoutFix,
      read: async ({ digest }) => (await read(blobName(digest))) ?? throwMissing(file, digest),
    },
    platform,
  );
}

function blobName(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

function throwMissing(place: string, digest: string): never {
  throw new HpcGatError(`${place} is incomplete: it holds no blob ${digest}`, { fix: layoutFix });
}

function parseIndex(text: string, place: string): { manifests: Descriptor[] } {
  try {
    return checkDescription(indexSchema, parseDescription(text));
  } catch (cause) {
    throw new HpcGatError(`index.json in ${place} is not the index of an OCI image: ${messageOf(cause)}`, {
      fix: layoutFix,
      cause,
    });
  }
}

/** By name, where one is given; else the only one, or the one for the platform. */
function choose(
  manifests: readonly Descriptor[],
  tag: string | undefined,
  place: string,
  kind: string,
  platform: Platform | undefined,
): Descriptor {
  const images = manifests.filter((one) => !isAttestation(one));
  const wanted =
    tag === undefined ? withoutArtifacts(images) : images.filter((one) => namesOf(one).includes(tag));
  const [first] = wanted;
  if (first !== undefined && new Set(wanted.map(({ digest }) => digest)).size === 1) {
    return first;
  }
  const names = [...new Set(images.flatMap(namesOf))];
  if (first === undefined) {
    const meant = tag === undefined ? undefined : nearest(tag, names);
    throw new UsageError(`${place} holds no image${tag === undefined ? '' : ` ${tag}`}`, {
      fix:
        meant === undefined
          ? `it holds ${images.length === 0 ? 'no image at all' : names.length === 0 ? 'images without a name' : names.join(', ')}`
          : `did you mean ${kind}:${place}:${meant}?`,
    });
  }
  if (wanted.every(({ platform }) => platform)) {
    return choosePlatform(wanted, place, platform);
  }
  throw new UsageError(`${place} holds ${wanted.length} images: ${names.join(', ')}`, {
    fix: `name one of them: ${kind}:${place}:TAG`,
  });
}

/** Signatures and the like, which lie beside the image that they are about (OCI image-spec, manifest.md, `subject`). */
function withoutArtifacts(manifests: readonly Descriptor[]): readonly Descriptor[] {
  const images = manifests.filter(({ artifactType }) => !artifactType);
  return images.length === 0 ? manifests : images;
}

/** OCI image-spec annotations.md; containerd and Docker keep the full name beside the tag. */
function namesOf({ annotations }: Descriptor): string[] {
  return ['org.opencontainers.image.ref.name', 'io.containerd.image.name'].flatMap((key) => {
    const name = annotations[key];
    return name === undefined ? [] : [name];
  });
}
