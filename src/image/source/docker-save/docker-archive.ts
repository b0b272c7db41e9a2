import type { z } from 'zod';
import { hashBytes } from '../../../support/files/digest.ts';
import { HpcGatError, getErrorMessage, UsageError } from '../../../support/errors.ts';
import { toPrintable } from '../../../support/text/printable.ts';
import { archiveFix } from '../archive-file.ts';
import { checkDescription, parseDescription } from '../description-json.ts';
import { digestInName, manifestSchema, type ManifestImage } from './docker-manifest.ts';
import { asIndexed, imageConfigSchema, type ImageConfig } from '../image-config.ts';
import { readSlice, tarFiles, type FileSlice, type TarFiles } from '../image-files.ts';
import type { Platform } from '../platform.ts';
import { chooseSaved } from './saved-choice.ts';
import { readSavedIndex } from './saved-index.ts';
import type { DockerArchiveSource } from '../source.ts';
import { codecOf, type StoredLayer } from '../layers/stored-layers.ts';

/** What an archive of `docker save` says of the image that is wanted from it. */
export interface DockerArchive {
  readonly fileBytes: number;
  /** Nanoseconds since 1970, as decimal digits: more than a double holds. */
  readonly modifiedNs: string;
  /** Hexadecimal, of the text of `manifest.json`. */
  readonly manifestSha256: string;
  readonly tags: readonly string[];
  /** How many images the archive holds. */
  readonly images: number;
  /** The lowest first. */
  readonly layers: readonly StoredLayer[];
  readonly config: ImageConfig;
}

/**
 * Reads the archive's table of contents, its manifest and the image's configuration; never the layers.
 *
 * @param wanted selects one of several images.
 * @throws {UsageError} when there is no such file, no such image in it, or several for the platform and none was named.
 * @throws {HpcGatError} when the file is no archive of `docker save`, is damaged or cut off.
 */
export async function readDockerArchive(
  file: string,
  wanted: WantedFromArchive = {},
): Promise<DockerArchive> {
  const files = await tarFiles(file, archiveFix);
  const read = async (name: string) => {
    const slice = await files.find(name);
    return slice && readSlice(slice, name, file);
  };
  const { manifest, images, image, ...described } = await readSaved({ place: file, read }, wanted);
  const config = asIndexed(described.config, described.indexed);
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

/** Selects an image of an archive. */
export type WantedFromArchive = Pick<DockerArchiveSource, 'reference' | 'digest' | 'platform'>;

/** Where the descriptions of images are read. */
export interface SavedDescriptions {
  /** The archive, for messages. */
  readonly place: string;
  /** Undefined when there is no file of that name. */
  readonly read: (name: string) => Buffer | undefined | Promise<Buffer | undefined>;
  /** For a description that is not there. */
  readonly missing?: (name: string) => HpcGatError;
}

/** What the descriptions in an archive say of the image that is wanted from it. */
export interface SavedImage {
  /** Text of `manifest.json`. */
  readonly manifest: Buffer;
  /** How many images it lists. */
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
    const named = digestInName(Config);
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
      `${place} is an OCI archive, not one of \`docker save\`: it holds no manifest.json`,
      {
        fix: `name it as oci-archive:${place}`,
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
      ? `${file} is a tar, but not one of \`docker save\`: it holds no manifest.json`
      : `${file} is incomplete: it holds no ${toPrintable(name)}, which its manifest names`,
    { fix: archiveFix },
  );
}

/** For a tar that holds what no archive of `docker save` does. */
export function foreignTar(stream: string, held: string): HpcGatError {
  return new HpcGatError(`${stream} is a tar, but not one of \`docker save\`: it holds ${held}`, {
    fix: 'write it by `docker save NAME`; what `docker export` writes does not say how the image runs',
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
      `${toPrintable(name)} in ${file} is not what \`docker save\` writes: ${getErrorMessage(cause)}`,
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
    const digest = digestInName(name);
    layers.push({
      ...slice,
      name,
      codec: await codecOf(slice, name, files.place),
      diffId: diffIds[index] ?? '',
      ...(digest !== undefined && { digest }),
    });
  }
  return layers;
}
