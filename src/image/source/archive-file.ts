import { open, type FileHandle } from 'node:fs/promises';
import { hashBytes } from '../../support/files/digest.ts';
import { getErrorMessage, UsageError } from '../../support/errors.ts';
import { isMissing, readAt } from '../../support/files/file-access.ts';
import { quoteForBash } from '../../render/quote.ts';
import { detectCodec, type LayerCodec } from './layers/inflate-layer.ts';
import type { DockerArchiveSource, OciSource } from './source.ts';
import { codecStartBytes, detectUnsupportedCodec, type UnsupportedCodec } from './layers/stored-codec.ts';

/** Fix for an archive that is missing or incomplete. */
export const archiveFix = 'write it with `docker save -o FILE NAME`';
export const layoutFix =
  'write it again, for instance with `skopeo copy` or `docker buildx build --output type=oci`';

/** Properties of an archive file, known before its content is read. */
export interface ArchiveFile {
  /** Absolute path. */
  readonly file: string;
  readonly fileBytes: number;
  /** Nanoseconds since 1970 in decimal digits, because they exceed a double. */
  readonly modifiedNs: string;
  /** Compression of the whole file, whatever its name is. */
  readonly codec: LayerCodec;
}

export type CompressedFile = ArchiveFile & { readonly codec: Exclude<LayerCodec, 'none'> };

/**
 * Opens an archive.
 *
 * @param fix suggestion for a missing file.
 * @returns the file, which the caller closes.
 * @throws {UsageError} if the path is unreadable or not a file, or if the file has an unsupported compression.
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
    const unsupported = detectUnsupportedCodec(start);
    if (unsupported !== undefined) {
      throw new UsageError(`${file} is compressed by ${unsupported}, which hpc-gat does not support`, {
        fix: formatDecompressFix(unsupported, file),
      });
    }
    const archive = {
      file,
      fileBytes: Number(found.size),
      modifiedNs: found.mtimeNs.toString(),
      codec: detectCodec(start),
    };
    return { archive, handle };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Returns the archive if it is compressed as a whole, else undefined.
 *
 * @throws {UsageError} as {@link openArchive}.
 */
export async function findCompressedArchive({
  kind,
  file,
}: DockerArchiveSource | OciSource): Promise<CompressedFile | undefined> {
  const { archive, handle } = await openArchive(file, kind === 'docker-archive' ? archiveFix : layoutFix);
  await handle.close();
  return archive.codec === 'none' ? undefined : { ...archive, codec: archive.codec };
}

/** Formats the fix for a compressed archive where an uncompressed one is required. */
export function formatDecompressFix(codec: UnsupportedCodec | CompressedFile['codec'], file: string): string {
  return `decompress it with \`${codec} -dc ${quoteForBash(file)} >image.tar\``;
}

/** Length of the end: it contains the manifest of `docker save`, and the checksum of gzip and zstd. */
const endBytes = 64 * 1024;

/** Returns the SHA-256 of the last 64 KiB of the stored bytes, 64 hexadecimal digits. */
export async function hashArchiveEnd({ file, fileBytes }: ArchiveFile): Promise<string> {
  const handle = await open(file, 'r');
  try {
    return hashBytes(await readAt(handle, Math.max(0, fileBytes - endBytes), endBytes));
  } finally {
    await handle.close();
  }
}
