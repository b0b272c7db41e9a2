import type { z } from 'zod';
import { sha256OfBytes } from '../../support/digest.ts';
import { HpcGatError } from '../../support/errors.ts';
import { printable } from '../../support/printable.ts';
import { parseDescription } from './description-json.ts';
import { chooseImage, manifestSchema } from './docker-manifest.ts';
import { imageConfigSchema, type ImageConfig } from './image-config.ts';
import { readSlice, tarFiles, type FileSlice, type TarFiles } from './image-files.ts';
import { codecOf, type StoredLayer } from './stored-layers.ts';

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

const fix = 'write it with `docker save -o FILE NAME`';

/**
 * Reads the archive's table of contents, its manifest and the image's configuration; never the layers.
 *
 * @param reference which image, where there are several.
 * @throws {UsageError} when there is no such file, no such image in it, or several and none was named.
 * @throws {HpcGatError} when the file is no archive of `docker save`, is damaged or cut off.
 */
export async function readDockerArchive(file: string, reference?: string): Promise<DockerArchive> {
  const files = await tarFiles(file, fix);
  const manifest = await text(files, 'manifest.json');
  const images = parse(manifestSchema, manifest, 'manifest.json', file);
  const image = chooseImage(images, reference, file);
  const config = parse(imageConfigSchema, await text(files, image.Config), image.Config, file);
  return {
    fileBytes: files.fileBytes,
    modifiedNs: files.modifiedNs,
    manifestSha256: sha256OfBytes(manifest),
    tags: image.RepoTags,
    images: images.length,
    layers: await layersOf(files, image.Layers, config.rootfs.diff_ids),
    config,
  };
}

async function expectFile(files: TarFiles, name: string): Promise<FileSlice> {
  const found = await files.find(name);
  if (found === undefined) {
    throw new HpcGatError(
      name === 'manifest.json'
        ? `${files.place} is a tar, but not one of \`docker save\`: it holds no manifest.json`
        : `${files.place} is incomplete: it holds no ${printable(name)}, which its manifest names`,
      { fix },
    );
  }
  return found;
}

async function text(files: TarFiles, name: string): Promise<string> {
  return (await readSlice(await expectFile(files, name), name, files.place)).toString('utf8');
}

function parse<Schema extends z.ZodType>(
  schema: Schema,
  content: string,
  name: string,
  file: string,
): z.output<Schema> {
  try {
    return schema.parse(parseDescription(content));
  } catch (cause) {
    throw new HpcGatError(`${printable(name)} in ${file} is not what \`docker save\` writes`, { fix, cause });
  }
}

async function layersOf(
  files: TarFiles,
  names: readonly string[],
  diffIds: readonly string[],
): Promise<StoredLayer[]> {
  if (names.length !== diffIds.length) {
    throw new HpcGatError(
      `${files.place} is damaged: ${names.length} layers, but digests of ${diffIds.length}`,
      { fix },
    );
  }
  const layers: StoredLayer[] = [];
  for (const [index, name] of names.entries()) {
    const slice = await expectFile(files, name);
    layers.push({ ...slice, name, codec: await codecOf(slice), diffId: diffIds[index] ?? '' });
  }
  return layers;
}
