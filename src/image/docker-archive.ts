import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import { sha256OfBytes } from '../support/digest.ts';
import { HpcGatError, messageOf, UsageError } from '../support/errors.ts';
import { isMissing } from '../support/files.ts';
import { chooseImage, manifestSchema } from './docker-manifest.ts';
import { imageConfigSchema, type ImageConfig } from './image-config.ts';
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
  /** The lowest first. */
  readonly layers: readonly ArchivedLayer[];
  readonly config: ImageConfig;
}

export interface ArchivedLayer {
  readonly name: string;
  readonly dataOffset: number;
  /** As it lies in the archive. */
  readonly sizeBytes: number;
  readonly codec: 'none' | 'gzip' | 'zstd';
  /** Digest of the uncompressed layer: `sha256:` and 64 hexadecimal digits. */
  readonly diffId: string;
}

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
    const members = new Members(handle, file, await readTarIndex(handle, file));
    const manifest = await members.text('manifest.json');
    const images = members.parse(manifestSchema, manifest, 'manifest.json');
    const image = chooseImage(images, reference, file);
    const config = members.parse(imageConfigSchema, await members.text(image.Config), image.Config);
    return {
      fileBytes: Number(stat.size),
      modifiedNs: stat.mtimeNs.toString(),
      manifestSha256: sha256OfBytes(manifest),
      tags: image.RepoTags,
      images: images.length,
      layers: await members.layers(image.Layers, config.rootfs.diff_ids),
      config,
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

/** The files in the archive, by their names. */
class Members {
  readonly #handle: FileHandle;
  readonly #file: string;
  readonly #entries: ReadonlyMap<string, TarEntry>;

  constructor(handle: FileHandle, file: string, entries: readonly TarEntry[]) {
    this.#handle = handle;
    this.#file = file;
    this.#entries = new Map(entries.map((entry) => [entry.name, entry]));
  }

  /** Older archives hold a layer that images share once, and links to it. */
  find(name: string): TarEntry {
    let entry = this.#entries.get(name);
    for (let links = 0; entry !== undefined && entry.linkName !== '' && links < 10; links += 1) {
      const base = entry.type === '2' ? path.posix.dirname(entry.name) : '';
      entry = this.#entries.get(path.posix.join(base, entry.linkName));
    }
    if (entry === undefined) {
      throw new HpcGatError(
        name === 'manifest.json'
          ? `${this.#file} is a tar, but not one of \`docker save\`: it holds no manifest.json`
          : `${this.#file} is incomplete: it holds no ${name}, which its manifest names`,
        { fix },
      );
    }
    return entry;
  }

  async text(name: string): Promise<string> {
    const { dataOffset, sizeBytes } = this.find(name);
    if (sizeBytes > maxJsonBytes) {
      throw new HpcGatError(
        `${name} in ${this.#file} has ${sizeBytes} bytes: that is no description of an image`,
        { fix },
      );
    }
    return (await readAt(this.#handle, dataOffset, sizeBytes)).toString('utf8');
  }

  parse<Schema extends z.ZodType>(schema: Schema, text: string, name: string): z.output<Schema> {
    try {
      return schema.parse(JSON.parse(text));
    } catch (cause) {
      throw new HpcGatError(`${name} in ${this.#file} is not what \`docker save\` writes`, { fix, cause });
    }
  }

  async layers(names: readonly string[], diffIds: readonly string[]): Promise<ArchivedLayer[]> {
    if (names.length !== diffIds.length) {
      throw new HpcGatError(
        `${this.#file} is damaged: ${names.length} layers, but digests of ${diffIds.length}`,
        { fix },
      );
    }
    const layers: ArchivedLayer[] = [];
    for (const [index, name] of names.entries()) {
      const { dataOffset, sizeBytes } = this.find(name);
      const start = await readAt(this.#handle, dataOffset, Math.min(sizeBytes, 4));
      layers.push({ name, dataOffset, sizeBytes, codec: codecOf(start), diffId: diffIds[index] ?? '' });
    }
    return layers;
  }
}

/** By the first bytes: RFC 1952, RFC 8878. */
function codecOf(start: Buffer): ArchivedLayer['codec'] {
  const magic = start.toString('hex');
  return magic.startsWith('1f8b') ? 'gzip' : magic === '28b52ffd' ? 'zstd' : 'none';
}
