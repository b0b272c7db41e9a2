import { HpcGatError, messageOf, UsageError } from '../../support/errors.ts';
import { parseTarHeader, recordBytes } from '../tar/header.ts';
import { decompress, isCompressed, lookAtArchive, type CompressedFile } from './archive-file.ts';
import { archiveFix, missingInArchive } from './docker-archive.ts';
import { fileChunks } from './file-chunks.ts';
import { describe } from './image-config.ts';
import { inflate } from './inflate.ts';
import type { LayeredImage, LayerReading } from './layered-image.ts';
import { expectPlatform } from './platform.ts';
import { SavedStream } from './saved-stream.ts';
import { formatSource, type DockerArchiveSource, type ImageSource } from './source.ts';

/**
 * An archive of `docker save` that gzip or zstd have compressed as a whole. It is inflated once, while its layers are
 * read, and stored nowhere; what the image is stands in the file and is known at its end.
 */
export function compressedArchive(source: DockerArchiveSource, archive: CompressedFile): LayeredImage {
  const { file, reference, platform } = source;
  const saved = new SavedStream({
    place: file,
    stream: file,
    missing: (name) => missingInArchive(file, name),
  });
  return {
    place: file,
    isStream: true,
    totalBytes: archive.fileBytes,
    layers: async function* (reading) {
      const chunks = inflated(archive, reading);
      try {
        // What is counted are the bytes of the file.
        yield* saved.layers(chunks, { ...reading, onBytes: () => undefined });
      } finally {
        await chunks.return(undefined);
      }
    },
    config: async () => {
      const { config } = await saved.saved(reference);
      expectPlatform(describe(config), platform, formatSource(source));
      return config;
    },
  };
}

/** The tar in the file; each chunk holds until the next one is asked for. */
async function* inflated(
  { file, fileBytes, codec }: CompressedFile,
  { onBytes, onInflated, signal }: LayerReading,
): AsyncGenerator<Buffer, undefined> {
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const chunk of fileChunks({ file, dataOffset: 0, sizeBytes: fileBytes })) {
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
        expectTar(chunk, file, codec);
      }
      doneBytes += chunk.length;
      yield chunk;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof HpcGatError) {
      throw error;
    }
    throw new HpcGatError(`${file} is damaged: its ${codec} cannot be read: ${messageOf(error)}`, {
      fix: `write or copy it again; \`${codec} -t\` tells whether it is whole`,
      cause: error,
    });
  }
  if (doneBytes === 0) {
    throw new HpcGatError(`${file} is empty: ${codec} was given nothing to compress`, {
      fix: `see whether \`docker save NAME\` says why; ${archiveFix}`,
    });
  }
}

function expectTar(start: Buffer, file: string, codec: CompressedFile['codec']): void {
  if (parseTarHeader(start.subarray(0, recordBytes)) === undefined) {
    throw new HpcGatError(`${file} is no tar archive that ${codec} has compressed`, { fix: archiveFix });
  }
}

/**
 * Apptainer (seen with 1.4) and Singularity read no compressed archive.
 *
 * @param otherwise what else the user can do.
 * @throws {UsageError} when it is one.
 */
export async function expectPlainArchive(source: ImageSource, otherwise?: string): Promise<void> {
  if (source.kind !== 'docker-archive') {
    return;
  }
  const archive = await lookAtArchive(source.file, archiveFix);
  if (isCompressed(archive)) {
    const { file, codec } = archive;
    throw new UsageError(`${file} is compressed by ${codec}, which Apptainer does not read`, {
      fix: [...(otherwise === undefined ? [] : [otherwise]), decompress(codec, file)].join('; '),
    });
  }
}
