import { HpcGatError, getErrorMessage, UsageError } from '../../support/errors.ts';
import { parseTarHeader, recordBytes } from '../../formats/tar/header.ts';
import { archiveFix, compressedFile, decompress, layoutFix, type CompressedFile } from './archive-file.ts';
import { foreignTar, readSaved } from './docker-save/docker-archive.ts';
import { fileChunks } from './layers/file-chunks.ts';
import { asIndexed, describe, type ImageConfig } from './image-config.ts';
import { inflate } from './layers/inflate.ts';
import type { LayeredImage, LayerReading } from './layers/layered-image.ts';
import { readOciImage } from './oci/oci-layout.ts';
import { expectPlatform } from './platform.ts';
import { DockerSaveStream } from './docker-save/docker-save-stream.ts';
import { formatSource, type DockerArchiveSource, type ImageSource, type OciSource } from './source.ts';

/** What tells the two kinds of archives apart. */
interface ArchiveForm {
  /** What the user can do about one that is none. */
  readonly fix: string;
  /** What says why it is empty. */
  readonly writer: string;
  readonly foreign: (held: string) => HpcGatError;
  /** What the image is, by the descriptions that came. */
  readonly config: (saved: DockerSaveStream) => Promise<ImageConfig>;
}

/**
 * An archive that gzip or zstd have compressed as a whole. It is inflated once, while its layers are read, and stored
 * nowhere; what the image is stands in the file and is known at its end.
 */
export function compressedArchive(
  source: DockerArchiveSource | OciSource,
  archive: CompressedFile,
): LayeredImage {
  const { file, platform } = source;
  const form = source.kind === 'docker-archive' ? dockerSaveFormat(source) : ociForm(source);
  const saved = new DockerSaveStream({ place: file, stream: file, foreign: form.foreign });
  return {
    place: file,
    isStream: true,
    totalBytes: archive.fileBytes,
    layers: async function* (reading) {
      const chunks = inflated(archive, form, reading);
      try {
        // What is counted are the bytes of the file.
        yield* saved.layers(chunks, { ...reading, onBytes: () => undefined });
      } finally {
        await chunks.return(undefined);
      }
    },
    config: async () => {
      const config = await form.config(saved);
      expectPlatform(describe(config), platform, formatSource(source));
      return config;
    },
  };
}

function dockerSaveFormat({ file, ...wanted }: DockerArchiveSource): ArchiveForm {
  return {
    fix: archiveFix,
    writer: 'docker save NAME',
    foreign: (held) => foreignTar(file, held),
    config: async (saved) => {
      const read = (name: string) => saved.description(name);
      const { config, indexed } = await readSaved({ place: file, read }, wanted);
      return asIndexed(config, indexed);
    },
  };
}

function ociForm(source: OciSource): ArchiveForm {
  const { file } = source;
  return {
    fix: layoutFix,
    writer: 'skopeo copy',
    foreign: (held) =>
      new HpcGatError(`${file} is a tar, but no OCI archive: it holds ${held}`, { fix: layoutFix }),
    config: async (saved) =>
      (await readOciImage(source, (name) => Promise.resolve(saved.description(name)))).config,
  };
}

/** The tar in the file; each chunk holds until the next one is asked for. */
async function* inflated(
  { file, fileBytes, codec }: CompressedFile,
  { fix, writer }: Pick<ArchiveForm, 'fix' | 'writer'>,
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
      fix: `write or copy it again; \`${codec} -t\` tells whether it is whole`,
      cause: error,
    });
  }
  if (doneBytes === 0) {
    throw new HpcGatError(`${file} is empty: ${codec} was given nothing to compress`, {
      fix: `see whether \`${writer}\` says why; ${fix}`,
    });
  }
}

function expectTar(start: Buffer, file: string, codec: CompressedFile['codec'], fix: string): void {
  if (parseTarHeader(start.subarray(0, recordBytes)) === undefined) {
    throw new HpcGatError(`${file} is no tar archive that ${codec} has compressed`, { fix });
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
  const archive = await compressedFile(source);
  if (archive !== undefined) {
    const { file, codec } = archive;
    throw new UsageError(`${file} is compressed by ${codec}, which Apptainer does not read`, {
      fix: [...(otherwise === undefined ? [] : [otherwise]), decompress(codec, file)].join('; '),
    });
  }
}
