import type { z } from 'zod';
import { hashBytes } from '../../../support/files/digest.ts';
import { HpcGatError, getErrorMessage, UsageError } from '../../../support/errors.ts';
import { toPrintable } from '../../../support/text/printable.ts';
import { archiveFix } from '../archive-file.ts';
import { checkDescription, parseDescription } from '../description-json.ts';
import { parseDigestInName, manifestSchema, type ManifestImage } from './docker-manifest.ts';
import { applyIndexedPlatform, imageConfigSchema, type ImageConfig } from '../image-config.ts';
import { readSlice, openTarFiles, type FileSlice, type TarFiles } from '../image-files.ts';
import type { Platform } from '../platform.ts';
import { chooseSaved } from './saved-choice.ts';
import { readSavedIndex } from './saved-index.ts';
import type { DockerArchiveSource } from '../source.ts';
import { readLayerCodec, type StoredLayer } from '../layers/stored-layers.ts';

/** Description of the requested image in an archive of `docker save`. */
export interface DockerArchive {
  readonly fileBytes: number;
  /** Nanoseconds since 1970 in decimal digits, because they exceed a double. */
  readonly modifiedNs: string;
  /** SHA-256 of the text of `manifest.json`, in hexadecimal digits. */
  readonly manifestSha256: string;
  readonly tags: readonly string[];
  /** Number of images in the archive. */
  readonly images: number;
  /** Layers, the lowest first. */
  readonly layers: readonly StoredLayer[];
  readonly config: ImageConfig;
}

/**
 * Reads the archive's table of contents, its manifest and the image's configuration, but not the layers.
 *
 * @param wanted selects one of several images.
 * @throws {UsageError} if the file or the image does not exist, or if several images match the platform and none was
 *   named.
 * @throws {HpcGatError} if the file is not an archive of `docker save`, or is damaged or truncated.
 */
export async function readDockerArchive(
  file: string,
  wanted: WantedFromArchive = {},
): Promise<DockerArchive> {
  const files = await openTarFiles(file, archiveFix);
  const read = async (name: string) => {
    const slice = await files.find(name);
    return slice && readSlice(slice, name, file);
  };
  const { manifest, images, image, ...described } = await readSaved({ place: file, read }, wanted);
  const config = applyIndexedPlatform(described.config, described.indexed);
  return {
    fileBytes: files.fileBytes,
    modifiedNs: files.modifiedNs,
    manifestSha256: hashBytes(manifest),
    tags: image.RepoTags,
    images,
    layers: await layersOf(files, image.Layers, config.rootfs.diff_ids),
    config,
  };
}

/** Selector of an image in an archive. */
export type WantedFromArchive = Pick<DockerArchiveSource, 'reference' | 'digest' | 'platform'>;

/** Reader of the descriptions of images. */
export interface SavedDescriptions {
  /** Label of the archive, for messages. */
  readonly place: string;
  /** Returns undefined if there is no file with that name. */
  readonly read: (name: string) => Buffer | undefined | Promise<Buffer | undefined>;
  /** Creates the error for a missing description. */
  readonly missing?: (name: string) => HpcGatError;
}

/** Descriptions of the requested image in an archive. */
export interface SavedImage {
  /** Text of `manifest.json`. */
  readonly manifest: Buffer;
  /** Number of images that it lists. */
  readonly images: number;
  readonly image: ManifestImage;
  readonly config: ImageConfig;
  /** Platform under which the archive's own index lists the image; undefined without such an entry. */
  readonly indexed: Platform | undefined;
}

/** @throws {UsageError} {HpcGatError} as {@link readDockerArchive}. */
export async function readSaved(
  { place, read, missing = (name) => missingInArchive(place, name) }: SavedDescriptions,
  wanted: WantedFromArchive = {},
): Promise<SavedImage> {
  const expect = async (name: string) => {
    const found = await read(name);
    if (found === undefined) {
      throw missing(name);
    }
    return found;
  };
  const readConfig = async ({ Config }: ManifestImage) => {
    const text = await expect(Config);
    const named = parseDigestInName(Config);
    const digest = `sha256:${hashBytes(text)}`;
    if (named !== undefined && named !== digest) {
      throw new HpcGatError(`${place} is damaged: its ${toPrintable(Config)} has the digest ${digest}`, {
        fix: archiveFix,
      });
    }
    const config = parse(imageConfigSchema, text, Config, place);
    return { digest, config, indexed: index.find((one) => one.configDigest === digest)?.platform };
  };
  const manifest = await read('manifest.json');
  if (manifest === undefined && (await read('index.json')) !== undefined) {
    throw new UsageError(
      `${place} is an OCI archive, not one of \`docker save\`: it contains no manifest.json`,
      {
        fix: `write oci-archive:${place}`,
      },
    );
  }
  if (manifest === undefined) {
    throw missing('manifest.json');
  }
  const images = parse(manifestSchema, manifest, 'manifest.json', place);
  const index = await readSavedIndex(read);
  const image = await chooseSaved(images, index, place, wanted, readConfig);
  const { config, indexed } = await readConfig(image);
  const [layers, digests] = [image.Layers.length, config.rootfs.diff_ids.length];
  if (layers !== digests) {
    throw new HpcGatError(`${place} is damaged: ${layers} layers, but digests of ${digests}`, {
      fix: archiveFix,
    });
  }
  return { manifest, images: images.length, image, config, indexed };
}

async function expectFile(files: TarFiles, name: string): Promise<FileSlice> {
  const found = await files.find(name);
  if (found === undefined) {
    throw missingInArchive(files.place, name);
  }
  return found;
}

function missingInArchive(file: string, name: string): HpcGatError {
  return new HpcGatError(
    name === 'manifest.json'
      ? `${file} is a tar, but not one of \`docker save\`: it contains no manifest.json`
      : `${file} is incomplete: it contains no ${toPrintable(name)}, which its manifest references`,
    { fix: archiveFix },
  );
}

/** Creates the error for a tar with content that no archive of `docker save` has. */
export function createInvalidTarError(stream: string, held: string): HpcGatError {
  return new HpcGatError(`${stream} is a tar, but not one of \`docker save\`: it contains ${held}`, {
    fix: 'write it with `docker save NAME`; the output of `docker export` does not describe how the image runs',
  });
}

function parse<Schema extends z.ZodType>(
  schema: Schema,
  content: Buffer,
  name: string,
  file: string,
): z.output<Schema> {
  try {
    return checkDescription(schema, parseDescription(content.toString('utf8')));
  } catch (cause) {
    throw new HpcGatError(
      `${toPrintable(name)} in ${file} is not valid output of \`docker save\`: ${getErrorMessage(cause)}`,
      { fix: archiveFix, cause },
    );
  }
}

async function layersOf(
  files: TarFiles,
  names: readonly string[],
  diffIds: readonly string[],
): Promise<StoredLayer[]> {
  const layers: StoredLayer[] = [];
  for (const [index, name] of names.entries()) {
    const slice = await expectFile(files, name);
    const digest = parseDigestInName(name);
    layers.push({
      ...slice,
      name,
      codec: await readLayerCodec(slice, name, files.place),
      diffId: diffIds[index] ?? '',
      ...(digest !== undefined && { digest }),
    });
  }
  return layers;
}
