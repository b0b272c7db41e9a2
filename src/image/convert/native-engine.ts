import { open, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { Context } from '../../support/context.ts';
import { HpcGatError } from '../../support/errors.ts';
import { toPrintable } from '../../support/text/printable.ts';
import { BlockCache, type CacheConfig } from './cache/block-cache.ts';
import type { ConversionRequest, Converted, SifEngine } from './engine.ts';
import { ImageTree } from './layer/apply.ts';
import type { LayerEntry } from './layer/layer-entry.ts';
import { noXattrs } from '../../formats/squashfs/inode.ts';
import { UsageLimiter, defaultLimits, type ImageLimits } from './limits.ts';
import { describeLostXattrs } from './lost-xattrs.ts';
import { isSifArchitecture, type SifArchitecture } from '../../formats/sif/header.ts';
import { partitionOffset, writeSif } from '../../formats/sif/write.ts';
import { addContainerFiles } from './singularity-d/add-container-files.ts';
import { containerFiles, type Origin } from './singularity-d/container-files.ts';
import {
  describe,
  describeOverruled,
  type ImageConfig,
  type ImageDescription,
} from '../source/image-config.ts';
import type { LayeredImage } from '../source/layers/layered-image.ts';
import { hostPlatform } from '../source/platform.ts';
import { openImage } from '../source/open-image.ts';
import { formatSource, type ImageSource } from '../source/source.ts';
import type { FileContent } from '../../formats/squashfs/file-content.ts';
import { SquashfsWriter } from '../../formats/squashfs/write/squashfs-writer.ts';
import { storeLayers, type Watch, type WrittenLayer } from './store-layers.ts';

/** Another one where the same image comes to other bytes. */
const outputVersion = '4';

export interface NativeOptions {
  /** Blocks compressed at once; the bytes do not depend on it. */
  readonly threads: number;
  /** What is taken for a bomb. */
  readonly limits?: ImageLimits;
  /** Where converted layers are kept; without it none are. */
  readonly cache?: CacheConfig | undefined;
}

/** Converts in this process: layers stream through the rules of OCI into a squashfs inside a SIF. */
export function nativeEngine(
  context: Pick<Context, 'env' | 'run' | 'clock' | 'signal'>,
  options: NativeOptions,
): SifEngine {
  return {
    name: 'native',
    scratchFactor: 0,
    threads: options.threads,
    version: () => Promise.resolve(outputVersion),
    convert: async (request, watch) => {
      const image = await openImage(request.source, { ...context, signal: watch.signal });
      return writeImage(image, originOf(request.source), { ...request, ...options }, watch);
    },
  };
}

type ConversionOptions = Pick<ConversionRequest, 'output' | 'compression' | 'blockBytes'> & NativeOptions;

/**
 * The bytes of the SIF depend on the image, its origin, the compression and the size of blocks alone: not on the order in which the layers
 * come, nor on how they are stored.
 *
 * @returns what the image says of itself.
 */
export async function convertImage(
  image: LayeredImage,
  origin: Omit<Origin, 'builtAt'>,
  options: ConversionOptions,
  watch: Watch,
): Promise<ImageDescription> {
  const converted = await writeImage(image, origin, options, watch);
  await converted.checked();
  return converted.image;
}

/** The same; the layers that were taken from the cache may still be compared with their digests. */
async function writeImage(
  image: LayeredImage,
  origin: Omit<Origin, 'builtAt'>,
  options: ConversionOptions,
  watch: Watch,
): Promise<Required<Converted>> {
  for (;;) {
    const converted = await tryToWrite(image, origin, options, watch);
    if (converted !== undefined) {
      return converted;
    }
    await rm(options.output);
  }
}

/** @returns undefined when a layer of the cache turned out to be damaged, which is not there the next time. */
async function tryToWrite(
  image: LayeredImage,
  origin: Omit<Origin, 'builtAt'>,
  { output, compression, blockBytes, threads, limits = defaultLimits(), cache: place }: ConversionOptions,
  watch: Watch,
): Promise<Required<Converted> | undefined> {
  const { fileThreads } = watch;
  const options = { compression, blockBytes, threads };
  const cache = place && new BlockCache(place, options, fileThreads);
  const file = await open(output, 'wx+');
  const squashfs = new SquashfsWriter(file, partitionOffset, options, fileThreads);
  try {
    const target = { file, squashfs, budget: new UsageLimiter(limits, blockBytes), cache };
    const layers = await storeLayers(image, target, watch);
    try {
      watch.onProgress({ stage: 'other', message: 'writing the directories' });
      const config = await image.config();
      const description = await finish(file, squashfs, image.place, config, layers.stored, origin);
      if (!(await layers.areSound())) {
        return undefined;
      }
      const lost = describeLostXattrs([...layers.stored.values()].map(({ entries }) => entries));
      for (const warning of [describeOverruled(config), lost]) {
        if (warning !== undefined) {
          watch.onWarning(warning);
        }
      }
      return { image: description, checked: layers.checked };
    } catch (error) {
      // What is made of damaged blocks may fail in any way.
      if (await layers.areSound().catch(() => true)) {
        throw error;
      }
      return undefined;
    } finally {
      await layers.end();
    }
  } finally {
    squashfs.close();
    await file.close();
  }
}

/** Decides the tree, and writes what describes it. @returns what the image says of itself */
async function finish(
  file: FileHandle,
  squashfs: SquashfsWriter,
  place: string,
  config: ImageConfig,
  stored: ReadonlyMap<string, WrittenLayer>,
  origin: Omit<Origin, 'builtAt'>,
): Promise<ImageDescription> {
  const description = describe(config);
  const architecture = architectureOf(description, place);
  const builtAt = createdOf(config);
  const seconds = Math.min(Math.max(0, Math.floor(builtAt.getTime() / 1000)), 2 ** 32 - 1);
  const layers = config.rootfs.diff_ids.map((diffId) => writtenLayer(stored, diffId, place));
  const tree = new ImageTree<FileContent>({ mode: 0o755, uid: 0, gid: 0, mtime: seconds, xattrs: noXattrs });
  const applied = new Set<WrittenLayer>();
  for (const layer of layers) {
    const { entries, name } = layer;
    // An image may have a layer twice: what it puts there the second time is not the first one's.
    tree.apply(applied.has(layer) ? entries.map(withInodeOfItsOwn) : entries, name);
    applied.add(layer);
  }
  const container = await containerFiles(description, { ...origin, builtAt });
  await addContainerFiles(tree, container.files, seconds, squashfs.data);
  const last = await squashfs.endLayer();
  const order = [...new Set(layers.map(({ stretch }) => stretch)), last];
  const partitionBytes = await squashfs.finish(tree.root, order, seconds);
  const ociConfig = JSON.stringify(config.config ?? {});
  await writeSif(file, architecture, { ...container, ociConfig }, partitionBytes);
  return description;
}

function writtenLayer(
  stored: ReadonlyMap<string, WrittenLayer>,
  diffId: string,
  place: string,
): WrittenLayer {
  const layer = stored.get(diffId);
  if (layer === undefined) {
    throw new HpcGatError(`${place} is incomplete: its layer ${diffId} did not come`, { fix: 'start again' });
  }
  return layer;
}

function withInodeOfItsOwn(entry: LayerEntry<FileContent>): LayerEntry<FileContent> {
  return entry.change === 'leaf' ? { ...entry, inode: { ...entry.inode } } : entry;
}

function architectureOf({ architecture }: ImageDescription, place: string): SifArchitecture {
  // An image that does not say is taken to be for this machine.
  const name = architecture === '' ? hostPlatform().architecture : architecture;
  if (isSifArchitecture(name)) {
    return name;
  }
  throw new HpcGatError(`${place} is an image for ${toPrintable(name)}, which no SIF can name`);
}

/** When the image was made, as it says itself; 1970 when it does not: never the time of the conversion. */
function createdOf({ created }: ImageConfig): Date {
  const date = new Date(created ?? 0);
  return Number.isNaN(date.getTime()) ? new Date(0) : date;
}

/** As `apptainer build` writes it into the definition; the directory of a file is of this machine, not of the image. */
function originOf(source: ImageSource): Omit<Origin, 'builtAt'> {
  const text = formatSource('file' in source ? { ...source, file: plainName(source) } : source);
  const colon = text.indexOf(':');
  return { bootstrap: text.slice(0, colon), from: text.slice(colon + 1).replace(/^\/\//, '') };
}

/** Nor is how it is compressed of the image. */
function plainName({ kind, file }: Extract<ImageSource, { file: string }>): string {
  const name = path.basename(file);
  return kind === 'oci' ? name : name.replace(/\.(?:tgz|tar\.\w+)$/, '.tar');
}
