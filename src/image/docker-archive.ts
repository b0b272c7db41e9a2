import { open, type FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { sha256OfBytes } from '../support/digest.ts';
import { HpcGatError, messageOf, UsageError } from '../support/errors.ts';
import { isMissing } from '../support/files.ts';
import { nearest } from '../support/nearest.ts';
import { readAt, readTarIndex, type TarEntry } from './tar-index.ts';

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
  /** Bytes of the layers as they lie in the archive. */
  readonly layersBytes: number;
  /** The image's configuration: OCI image-spec, config.md. */
  readonly config: unknown;
}

const manifestSchema = z
  .array(
    z.looseObject({
      Config: z.string(),
      RepoTags: z
        .array(z.string())
        .nullish()
        .transform((tags) => tags ?? []),
      Layers: z.array(z.string()),
    }),
  )
  .min(1);

type ManifestImage = z.output<typeof manifestSchema>[number];

const maxJsonBytes = 16 * 1024 * 1024;
const fix = 'write it with `docker save -o FILE NAME`';

/**
 * Reads the archive's table of contents, its manifest and the image's configuration; never the layers.
 *
 * @param reference which image, where there are several.
 * @throws {UsageError} when there is no such file, no such image in it, or several and none was named.
 * @throws {HpcGatError} when the file is no archive of `docker save`, is damaged or cut off.
 */
export async function readDockerArchive(file: string, reference?: string): Promise<DockerArchive> {
  const handle = await openArchive(file);
  try {
    const stat = await handle.stat({ bigint: true });
    if (!stat.isFile()) {
      throw new UsageError(`${file} is not a file`, { fix });
    }
    const entries = new Map((await readTarIndex(handle, file)).map((entry) => [entry.name, entry]));
    const manifest = await readMember(handle, entries, 'manifest.json', file);
    const images = parse(manifestSchema, manifest, 'manifest.json', file);
    const image = choose(images, reference, file);
    return {
      fileBytes: Number(stat.size),
      modifiedNs: stat.mtimeNs.toString(),
      manifestSha256: sha256OfBytes(manifest),
      tags: image.RepoTags,
      images: images.length,
      layersBytes: image.Layers.map((name) => member(entries, name, file).sizeBytes).reduce(
        (a, b) => a + b,
        0,
      ),
      config: parse(z.unknown(), await readMember(handle, entries, image.Config, file), image.Config, file),
    };
  } finally {
    await handle.close();
  }
}

async function openArchive(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r');
  } catch (error) {
    if (isMissing(error)) {
      throw new UsageError(`there is no file ${file}`, { fix, cause: error });
    }
    throw new UsageError(`cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
}

function choose(
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
  throw new UsageError(`${file} holds no image ${reference}`, {
    fix:
      meant === undefined ? `it holds ${tags.join(', ') || 'one without a name'}` : `did you mean ${meant}?`,
  });
}

/** A layer may be a link to that of another image: then the archive lists it, with no data of its own. */
function member(entries: ReadonlyMap<string, TarEntry>, name: string, file: string): TarEntry {
  const entry = entries.get(name);
  if (entry === undefined) {
    throw new HpcGatError(
      name === 'manifest.json'
        ? `${file} is a tar, but not one of \`docker save\`: it holds no manifest.json`
        : `${file} is incomplete: it holds no ${name}, which its manifest names`,
      { fix },
    );
  }
  return entry;
}

async function readMember(
  handle: FileHandle,
  entries: ReadonlyMap<string, TarEntry>,
  name: string,
  file: string,
): Promise<string> {
  const { dataOffset, sizeBytes } = member(entries, name, file);
  if (sizeBytes > maxJsonBytes) {
    throw new HpcGatError(`${name} in ${file} has ${sizeBytes} bytes: that is no description of an image`, {
      fix,
    });
  }
  return (await readAt(handle, dataOffset, sizeBytes)).toString('utf8');
}

function parse<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
  name: string,
  file: string,
): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new HpcGatError(`${name} in ${file} is not what \`docker save\` writes`, { fix, cause: error });
  }
}
