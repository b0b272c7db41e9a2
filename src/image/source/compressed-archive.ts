import { HpcGatError, getErrorMessage, UsageError } from '../../support/errors.ts';
import { decodeTarHeader, recordBytes } from '../../formats/tar/header.ts';
import {
  archiveFix,
  findCompressedArchive,
  formatDecompressFix,
  layoutFix,
  type CompressedFile,
} from './archive-file.ts';
import { createInvalidTarError, readSaved } from './docker-save/docker-archive.ts';
import { readFileChunks } from './layers/file-chunks.ts';
import { applyIndexedPlatform, toImageDescription, type ImageConfig } from './image-config.ts';
import { inflate } from './layers/inflate.ts';
import type { LayeredImage, LayerReading } from './layers/layered-image.ts';
import { readOciImage } from './oci/oci-layout.ts';
import type { OpenedCompressedArchive } from './opened-source.ts';
import { checkPlatform } from './platform.ts';
import { DockerSaveStream } from './docker-save/docker-save-stream.ts';
import { formatSource, type DockerArchiveSource, type ImageSource, type OciSource } from './source.ts';

/** Differences between the two kinds of archives. */
interface ArchiveForm {
  /** Fix for a file of another kind. */
  readonly fix: string;
  /** Command that explains an empty archive. */
  readonly writer: string;
  readonly createError: (held: string) => HpcGatError;
  /** Returns the configuration of the image, from the descriptions that were read. */
  readonly config: (saved: DockerSaveStream) => Promise<ImageConfig>;
}

/**
 * Returns the image of an archive that gzip or zstd compressed as a whole. It is decompressed once, while its layers
 * are read, and not stored. The descriptions in it are known only at its end.
 */
export function openCompressedArchive({ source, archive }: OpenedCompressedArchive): LayeredImage {
  const { file, platform } = source;
  const form = source.kind === 'docker-archive' ? dockerSaveFormat(source) : ociForm(source);
  const saved = new DockerSaveStream({ place: file, stream: file, createError: form.createError });
  return {
    place: file,
    isStream: true,
    totalBytes: archive.fileBytes,
    layers: async function* (reading) {
      const chunks = inflated(archive, form, reading);
      try {
        // Progress counts the bytes of the file.
        yield* saved.layers(chunks, { ...reading, onBytes: () => undefined });
      } finally {
        await chunks.return(undefined);
      }
    },
    config: async () => {
      const config = await form.config(saved);
      checkPlatform(toImageDescription(config), platform, formatSource(source));
      return config;
    },
  };
}

function dockerSaveFormat({ file, ...wanted }: DockerArchiveSource): ArchiveForm {
  return {
    fix: archiveFix,
    writer: 'docker save NAME',
    createError: (held) => createInvalidTarError(file, held),
    config: async (saved) => {
      const read = (name: string) => saved.description(name);
      const { config, indexed } = await readSaved({ place: file, read }, wanted);
      return applyIndexedPlatform(config, indexed);
    },
  };
}

function ociForm(source: OciSource): ArchiveForm {
  const { file } = source;
  return {
    fix: layoutFix,
    writer: 'skopeo copy',
    createError: (held) =>
      new HpcGatError(`${file} is a tar, but not an OCI archive: it contains ${held}`, { fix: layoutFix }),
    config: async (saved) =>
      (await readOciImage(source, (name) => Promise.resolve(saved.description(name)))).config,
  };
}

/** Yields the tar in the file; each chunk is valid until the next one is requested. */
async function* inflated(
  { file, fileBytes, codec }: CompressedFile,
  { fix, writer }: Pick<ArchiveForm, 'fix' | 'writer'>,
  { onBytes, onInflated, signal }: LayerReading,
): AsyncGenerator<Buffer, undefined> {
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const chunk of readFileChunks({ file, dataOffset: 0, sizeBytes: fileBytes })) {
      onBytes(chunk.length);
      yield chunk;
    }
  }
  let doneBytes = 0;
  try {
    for await (const chunk of inflate(counted(), codec)) {
      signal.throwIfAborted();
      onInflated(chunk.length);
      if (doneBytes === 0 && chunk.length >= recordBytes) {
        expectTar(chunk, file, codec, fix);
      }
      doneBytes += chunk.length;
      yield chunk;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof HpcGatError) {
      throw error;
    }
    throw new HpcGatError(`${file} is damaged: its ${codec} cannot be read: ${getErrorMessage(error)}`, {
      fix: `write or copy it again; check it with \`${codec} -t\``,
      cause: error,
    });
  }
  if (doneBytes === 0) {
    throw new HpcGatError(`${file} is empty: ${codec} had no input`, {
      fix: `check whether \`${writer}\` reports an error; ${fix}`,
    });
  }
}

function expectTar(start: Buffer, file: string, codec: CompressedFile['codec'], fix: string): void {
  if (decodeTarHeader(start.subarray(0, recordBytes)) === undefined) {
    throw new HpcGatError(`${file} is compressed by ${codec}, but its content is not a tar archive`, { fix });
  }
}

/** @throws {UsageError} for a compressed archive of `docker save`. */
export async function rejectCompressedArchive(source: ImageSource): Promise<void> {
  if (source.kind !== 'docker-archive') {
    return;
  }
  const archive = await findCompressedArchive(source);
  if (archive !== undefined) {
    throw createCompressedError(archive);
  }
}

/**
 * Creates the error for a compressed archive that Apptainer (seen with 1.4) and Singularity do not support.
 *
 * @param otherwise another fix.
 */
export function createCompressedError({ file, codec }: CompressedFile, otherwise?: string): UsageError {
  return new UsageError(`${file} is compressed by ${codec}, which Apptainer does not support`, {
    fix: [...(otherwise === undefined ? [] : [otherwise]), formatDecompressFix(codec, file)].join(', or '),
  });
}
