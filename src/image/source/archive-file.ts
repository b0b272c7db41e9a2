import { open, type FileHandle } from 'node:fs/promises';
import { hashBytes } from '../../support/files/digest.ts';
import { getErrorMessage, UsageError } from '../../support/errors.ts';
import { isMissing, readAt } from '../../support/files/file-access.ts';
import { quoteForBash } from '../../render/quote.ts';
import { codecByStart, type LayerCodec } from './layers/inflate-layer.ts';
import type { DockerArchiveSource, OciSource } from './source.ts';
import { codecStartBytes, foreignCodec, type ForeignCodec } from './layers/stored-codec.ts';

/** What can be done about an archive that is not there, or is not whole. */
export const archiveFix = 'write it with `docker save -o FILE NAME`';
export const layoutFix =
  'write it again, for instance with `skopeo copy` or `docker buildx build --output type=oci`';

/** What a file is that holds an image, before anything in it is read. */
export interface ArchiveFile {
  /** Absolute. */
  readonly file: string;
  readonly fileBytes: number;
  /** Nanoseconds since 1970, as decimal digits: more than a double holds. */
  readonly modifiedNs: string;
  /** How all of it is stored, whatever it is called. */
  readonly codec: LayerCodec;
}

export type CompressedFile = ArchiveFile & { readonly codec: Exclude<LayerCodec, 'none'> };

/**
 * @param fix what the user can do when it is not there.
 * @returns the file, open for the caller to close.
 * @throws {UsageError} when it cannot be read, is not a file, or is compressed in a form that is not inflated here.
 */
export async function openArchive(
  file: string,
  fix: string,
): Promise<{ archive: ArchiveFile; handle: FileHandle }> {
  const handle = await open(file, 'r').catch((error: unknown) => {
    const problem = isMissing(error)
      ? `there is no file ${file}`
      : `cannot read ${file}: ${getErrorMessage(error)}`;
    throw new UsageError(problem, { fix, cause: error });
  });
  try {
    const found = await handle.stat({ bigint: true });
    if (!found.isFile()) {
      throw new UsageError(`${file} is not a file`, { fix });
    }
    const start = await readAt(handle, 0, codecStartBytes);
    const foreign = foreignCodec(start);
    if (foreign !== undefined) {
      throw new UsageError(`${file} is compressed by ${foreign}, which hpc-gat does not read`, {
        fix: decompress(foreign, file),
      });
    }
    const archive = {
      file,
      fileBytes: Number(found.size),
      modifiedNs: found.mtimeNs.toString(),
      codec: codecByStart(start),
    };
    return { archive, handle };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Looks whether an archive is compressed as a whole.
 *
 * @throws {UsageError} as {@link openArchive}.
 */
export async function compressedFile({
  kind,
  file,
}: DockerArchiveSource | OciSource): Promise<CompressedFile | undefined> {
  const { archive, handle } = await openArchive(file, kind === 'docker-archive' ? archiveFix : layoutFix);
  await handle.close();
  return archive.codec === 'none' ? undefined : { ...archive, codec: archive.codec };
}

/** What to do about a compressed archive where a plain one is wanted. */
export function decompress(codec: ForeignCodec | CompressedFile['codec'], file: string): string {
  return `\`${codec} -dc ${quoteForBash(file)} >image.tar\` makes a plain one of it`;
}

/** Of `docker save`, the manifest; of gzip and zstd, a checksum of all they hold. */
const endBytes = 64 * 1024;

/** The SHA-256 of the last 64 KiB of the stored bytes, 64 hexadecimal digits. */
export async function sha256OfEnd({ file, fileBytes }: ArchiveFile): Promise<string> {
  const handle = await open(file, 'r');
  try {
    return hashBytes(await readAt(handle, Math.max(0, fileBytes - endBytes), endBytes));
  } finally {
    await handle.close();
  }
}
