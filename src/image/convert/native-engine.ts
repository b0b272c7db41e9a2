import { open, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { Context } from '../../support/context.ts';
import { HpcGatError } from '../../support/errors.ts';
import { toPrintable } from '../../support/text/printable.ts';
import { BlockCache } from './cache/block-cache.ts';
import type { CacheConfig } from './cache/cache-config.ts';
import type { ConversionRequest, Converted, SifEngine } from './engine.ts';
import { ImageTree } from './layer/apply.ts';
import type { LayerEntry } from './layer/layer-entry.ts';
import { noXattrs } from '../../formats/squashfs/inode.ts';
import { UsageLimiter, getDefaultLimits, type ImageLimits } from './limits.ts';
import { formatLostXattrs } from './lost-xattrs.ts';
import { isSifArchitecture, type SifArchitecture } from '../../formats/sif/header.ts';
import { partitionOffset, writeSif } from '../../formats/sif/write.ts';
import { addContainerFiles } from './singularity-d/add-container-files.ts';
import { createContainerFiles, type Origin } from './singularity-d/container-files.ts';
import {
  toImageDescription,
  formatOverruledPlatform,
  type ImageConfig,
  type ImageDescription,
} from '../source/image-config.ts';
import type { LayeredImage } from '../source/layers/layered-image.ts';
import { hostPlatform } from '../source/platform.ts';
import { outputVersions } from './output-versions.ts';
import { openImage } from '../source/open-image.ts';
import { formatSource, type ImageSource } from '../source/source.ts';
import type { FileContent } from '../../formats/squashfs/file-content.ts';
import { SquashfsWriter } from '../../formats/squashfs/write/squashfs-writer.ts';
import { storeLayers, type Watch } from './store-layers.ts';
import type { WrittenLayer } from './layer-target.ts';

export interface NativeOptions {
  /** Number of blocks that are compressed in parallel; the output does not depend on it. */
  readonly threads: number;
  /** Limits above which an image is treated as malicious. */
  readonly limits?: ImageLimits;
  /** Layer cache; none if undefined. */
  readonly cache?: CacheConfig | undefined;
}

/**
 * Returns the engine that converts in this process: layers stream through the OCI rules into a squashfs inside a SIF.
 */
export function createNativeEngine(context: Pick<Context, 'clock'>, options: NativeOptions): SifEngine {
  return {
    name: 'native',
    tempFactor: 0,
    threads: options.threads,
    version: () => Promise.resolve(outputVersions.sif),
    convert: async (request, watch) => {
      const image = await openImage(request.opened, context);
      return convertWithRetry(image, originOf(request.opened.source), { ...request, ...options }, watch);
    },
  };
}

type ConversionOptions = Pick<ConversionRequest, 'output' | 'compression' | 'blockBytes'> & NativeOptions;

/**
 * Converts an image. The bytes of the SIF depend only on the image, its origin, the compression and the block size:
 * neither on the order in which the layers arrive, nor on how they are stored.
 *
 * @returns the description of the image.
 */
export async function convertImage(
  image: LayeredImage,
  origin: Omit<Origin, 'builtAt'>,
  options: ConversionOptions,
  watch: Watch,
): Promise<ImageDescription> {
  const converted = await convertWithRetry(image, origin, options, watch);
  await converted.checked();
  return converted.image;
}

/** Converts like {@link convertImage}, but cached layers may still be compared with their digests afterwards. */
async function convertWithRetry(
  image: LayeredImage,
  origin: Omit<Origin, 'builtAt'>,
  options: ConversionOptions,
  watch: Watch,
): Promise<Required<Converted>> {
  for (;;) {
    const converted = await tryConvert(image, origin, options, watch);
    if (converted !== undefined) {
      return converted;
    }
    await rm(options.output);
  }
}

/** @returns undefined if a cached layer was damaged; it has been removed from the cache. */
async function tryConvert(
  image: LayeredImage,
  origin: Omit<Origin, 'builtAt'>,
  { output, compression, blockBytes, threads, limits = getDefaultLimits(), cache: place }: ConversionOptions,
  watch: Watch,
): Promise<Required<Converted> | undefined> {
  const { fileThreads } = watch;
  const options = { compression, blockBytes, threads };
  const cache = place && new BlockCache(place, options, fileThreads);
  const file = await open(output, 'wx+');
  const squashfs = new SquashfsWriter(file, partitionOffset, options, fileThreads);
  try {
    const target = { file, squashfs, limiter: new UsageLimiter(limits, blockBytes), cache };
    const layers = await storeLayers(image, target, watch);
    try {
      watch.onProgress({ stage: 'other', message: 'writing the directories' });
      const config = await image.config();
      const description = await finishSif(file, squashfs, image.place, config, layers.stored, origin);
      if (!(await layers.areSound())) {
        return undefined;
      }
      const lost = formatLostXattrs([...layers.stored.values()].map(({ entries }) => entries));
      for (const warning of [formatOverruledPlatform(config), lost]) {
        if (warning !== undefined) {
          watch.onWarning(warning);
        }
      }
      return { image: description, checked: layers.checked };
    } catch (error) {
      // Damaged blocks can cause any error.
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

/** Builds the tree, and writes the tables and descriptions. @returns the description of the image */
async function finishSif(
  file: FileHandle,
  squashfs: SquashfsWriter,
  place: string,
  config: ImageConfig,
  stored: ReadonlyMap<string, WrittenLayer>,
  origin: Omit<Origin, 'builtAt'>,
): Promise<ImageDescription> {
  const description = toImageDescription(config);
  const architecture = architectureOf(description, place);
  const builtAt = createdOf(config);
  const seconds = Math.min(Math.max(0, Math.floor(builtAt.getTime() / 1000)), 2 ** 32 - 1);
  const layers = config.rootfs.diff_ids.map((diffId) => writtenLayer(stored, diffId, place));
  const tree = new ImageTree<FileContent>({ mode: 0o755, uid: 0, gid: 0, mtime: seconds, xattrs: noXattrs });
  const applied = new Set<WrittenLayer>();
  for (const layer of layers) {
    const { entries, name } = layer;
    // A layer may occur twice in an image; the second occurrence gets separate inodes.
    tree.apply(applied.has(layer) ? entries.map(withInodeOfItsOwn) : entries, name);
    applied.add(layer);
  }
  const container = await createContainerFiles(description, { ...origin, builtAt });
  await addContainerFiles(tree, container.files, seconds, squashfs.data);
  const last = await squashfs.endLayer();
  const order = [...new Set(layers.map(({ range }) => range)), last];
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
    throw new HpcGatError(`${place} is incomplete: its layer ${diffId} is missing`, {
      fix: 'save or pull the image again',
    });
  }
  return layer;
}

function withInodeOfItsOwn(entry: LayerEntry<FileContent>): LayerEntry<FileContent> {
  return entry.change === 'leaf' ? { ...entry, inode: { ...entry.inode } } : entry;
}

function architectureOf({ architecture }: ImageDescription, place: string): SifArchitecture {
  // An image without an architecture is assumed to be for this machine.
  const name = architecture === '' ? hostPlatform().architecture : architecture;
  if (isSifArchitecture(name)) {
    return name;
  }
  throw new HpcGatError(
    `${place} is an image for ${toPrintable(name)}, which the SIF format does not support`,
  );
}

/** Returns the creation time of the image; 1970 if it has none, never the time of the conversion. */
function createdOf({ created }: ImageConfig): Date {
  const date = new Date(created ?? 0);
  return Number.isNaN(date.getTime()) ? new Date(0) : date;
}

/**
 * Formats the origin as `apptainer build` writes it into the definition. The directory of a file is omitted, because
 * it belongs to this machine, not to the image.
 */
function originOf(source: ImageSource): Omit<Origin, 'builtAt'> {
  const text = formatSource('file' in source ? { ...source, file: plainName(source) } : source);
  const colon = text.indexOf(':');
  return { bootstrap: text.slice(0, colon), from: text.slice(colon + 1).replace(/^\/\//, '') };
}

/** Returns the name of a source file without its compression, which does not belong to the image either. */
function plainName({ kind, file }: Extract<ImageSource, { file: string }>): string {
  const name = path.basename(file);
  return kind === 'oci' ? name : name.replace(/\.(?:tgz|tar\.\w+)$/, '.tar');
}
