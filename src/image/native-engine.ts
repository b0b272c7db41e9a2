import { open } from 'node:fs/promises';
import path from 'node:path';
import type { Context } from '../support/context.ts';
import { HpcGatError } from '../support/errors.ts';
import { printable } from '../support/printable.ts';
import { countLayers } from './source/count-bytes.ts';
import type { ConversionRequest, ConversionWatch, SifEngine } from './engine.ts';
import { describe, type ImageConfig } from './source/image-config.ts';
import { hostArchitecture } from './source/oci-image.ts';
import { openImage, type LayeredImage } from './source/open-image.ts';
import { ImageTree } from './layer/apply.ts';
import { interpret, isWhiteout, namesOf, type LayerEntry } from './layer/entry.ts';
import { noXattrs } from './layer/inode.ts';
import { Budget, defaultLimits, type ImageLimits } from './limits.ts';
import { isSifArchitecture, type SifArchitecture } from './sif/header.ts';
import { SifWriter } from './sif/write.ts';
import { addContainerFiles } from './singularity-d/add.ts';
import { containerFiles } from './singularity-d/files.ts';
import { formatSource, type ImageSource } from './source/source.ts';
import type { FileContent } from './squashfs/content.ts';
import type { DataArea } from './squashfs/data-area.ts';
import { SquashfsWriter } from './squashfs/write.ts';
import { readLayer } from './source/stored-layers.ts';
import { TarReader } from './tar/reader.ts';

const blockBytes = 128 * 1024;

/** Another one where the same image comes to other bytes. */
const outputVersion = '2';

/**
 * Converts in this process: layers stream through the rules of OCI into a squashfs inside a SIF.
 *
 * @param threads blocks compressed at once; the bytes do not depend on it.
 * @param limits what is taken for a bomb.
 */
export function nativeEngine(
  context: Pick<Context, 'env' | 'run' | 'clock' | 'signal'>,
  threads: number,
  limits: ImageLimits = defaultLimits(),
): SifEngine {
  return {
    name: 'native',
    version: () => Promise.resolve(outputVersion),
    convert: async (request, watch) => {
      const image = await openImage(request.source, request.scratch, watch, context);
      const architecture = architectureOf(image);
      const file = await open(request.output, 'wx+');
      try {
        await write(file, image, architecture, { ...request, threads, limits }, watch);
      } finally {
        await file.close();
      }
    },
  };
}

interface Conversion extends ConversionRequest {
  readonly threads: number;
  readonly limits: ImageLimits;
}

async function write(
  file: Awaited<ReturnType<typeof open>>,
  image: LayeredImage,
  architecture: SifArchitecture,
  { source, compression, threads, limits }: Conversion,
  watch: ConversionWatch,
): Promise<void> {
  const { config } = image;
  const createdAt = createdOf(config);
  const description = describe(config.architecture, config.os, config.config);
  const container = await containerFiles(description, { ...originOf(source), builtAt: createdAt });
  const sif = new SifWriter(file, architecture, {
    ...container,
    ociConfig: JSON.stringify(config.config ?? {}),
  });
  const seconds = Math.min(Math.max(0, Math.floor(createdAt.getTime() / 1000)), 2 ** 32 - 1);
  const squashfs = new SquashfsWriter(file, sif.partitionOffset, {
    compression,
    blockBytes,
    threads,
    createdAt: seconds,
  });
  try {
    const tree = await storeLayers(image, seconds, squashfs.data, new Budget(limits), watch);
    await addContainerFiles(tree, container.files, seconds, squashfs.data);
    await squashfs.data.endLayer();
    await sif.finish(await squashfs.finish(tree.root));
  } finally {
    squashfs.close();
  }
}

/** Reads the layers, the lowest first. @returns the tree that they come to. */
async function storeLayers(
  { place, layers }: LayeredImage,
  seconds: number,
  data: DataArea,
  budget: Budget,
  { onProgress, signal }: ConversionWatch,
): Promise<ImageTree<FileContent>> {
  const onBytesOf = countLayers(onProgress, 'compress', 'converting the layers', layers);
  const root = { mode: 0o755, uid: 0, gid: 0, mtime: seconds, xattrs: noXattrs };
  const tree = new ImageTree<FileContent>(root);
  for (const [index, layer] of layers.entries()) {
    const name = `layer ${printable(layer.name)} of ${place}`;
    const bytes = counted(readLayer(place, layer, onBytesOf(index), signal), name, budget);
    try {
      const entries = await storeLayer(new TarReader(bytes, name), data, name, budget);
      await data.endLayer();
      tree.apply(entries, name);
    } finally {
      // After an error nobody reads on, and the file is to be closed.
      await bytes.return(undefined);
    }
  }
  return tree;
}

async function* counted(
  chunks: AsyncIterable<Buffer>,
  place: string,
  budget: Budget,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of chunks) {
    budget.unpack(chunk.length, place);
    yield chunk;
  }
}

/** Reads a layer to its end; the contents of its files go to the output at once. */
async function storeLayer(
  tar: TarReader,
  data: DataArea,
  place: string,
  budget: Budget,
): Promise<LayerEntry<FileContent>[]> {
  const entries: LayerEntry<FileContent>[] = [];
  for (let entry = await tar.next(); entry !== undefined; entry = await tar.next()) {
    budget.take(entry, place);
    const names = namesOf(entry.name, place);
    const content =
      entry.kind === 'file' && !isWhiteout(names)
        ? await data.store(entry.sizeBytes, (target) => tar.readContent(target))
        : undefined;
    const meaning = interpret(entry, names, content, place);
    if (meaning !== undefined) {
      entries.push(meaning);
    }
  }
  return entries;
}

function architectureOf({ place, config }: LayeredImage): SifArchitecture {
  // An image that does not say is taken to be for this machine.
  const name = config.architecture === '' ? hostArchitecture() : config.architecture;
  if (isSifArchitecture(name)) {
    return name;
  }
  throw new HpcGatError(`${place} is an image for ${printable(name)}, which no SIF can name`);
}

/** When the image was made, as it says itself; 1970 when it does not: never the time of the conversion. */
function createdOf({ created }: ImageConfig): Date {
  const date = new Date(created ?? 0);
  return Number.isNaN(date.getTime()) ? new Date(0) : date;
}

/** As `apptainer build` writes it into the definition; the folder of a file is of this machine, not of the image. */
function originOf(source: ImageSource): { bootstrap: string; from: string } {
  const text = formatSource('file' in source ? { ...source, file: path.basename(source.file) } : source);
  const colon = text.indexOf(':');
  return { bootstrap: text.slice(0, colon), from: text.slice(colon + 1).replace(/^\/\//, '') };
}
