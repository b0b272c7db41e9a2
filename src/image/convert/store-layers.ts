import { getErrorMessage } from '../../support/errors.ts';
import { toPrintable } from '../../support/text/printable.ts';
import { buildIndex } from './cache/index-writer.ts';
import type { ConversionWatch } from './conversion-watch.ts';
import { CachedLayers } from './cached-layers.ts';
import { toLayerEntry, isWhiteout, splitPath, type LayerEntry } from './layer/layer-entry.ts';
import { subtractUsage, type UsageLimiter } from './limits.ts';
import { countLayers } from '../source/layers/count-bytes.ts';
import type { ArrivingLayer, LayeredImage } from '../source/layers/layered-image.ts';
import type { FileContent } from '../../formats/squashfs/file-content.ts';
import type { DataArea, ReadContent } from '../../formats/squashfs/write/data-area.ts';
import { TarReader } from '../../formats/tar/reader.ts';
import type { WrittenLayer, LayerTarget } from './layer-target.ts';

/** Callbacks and threads for a conversion of layers. */
export type Watch = Pick<ConversionWatch, 'onProgress' | 'onWarning' | 'fileThreads' | 'signal'>;

export interface StoredLayers {
  /** Layers by diff_id. */
  readonly stored: ReadonlyMap<string, WrittenLayer>;
  /**
   * Waits for the blocks from the cache. @returns false if blocks were damaged: nothing derived from them may be
   * used.
   */
  readonly areSound: () => Promise<boolean>;
  /**
   * Waits until the stored bytes of the cached layers are compared with their digests.
   *
   * @throws {HpcGatError} if some differ
   */
  readonly checked: () => Promise<void>;
  /** Waits until the file and the cache are no longer read. */
  readonly end: () => Promise<void>;
}

/** Writes the contents of all layers, in the order in which they arrive. */
export async function storeLayers(
  image: LayeredImage,
  target: LayerTarget,
  watch: Watch,
): Promise<StoredLayers> {
  const { cache } = target;
  const { fileThreads, signal } = watch;
  const { begin, onBytes } = countLayers(watch.onProgress, 'compress', 'converting the layers', image);
  const onInflated = (bytes: number) => {
    target.limiter.addDecompressed(bytes, image.place);
  };
  const isCached = async (digest: string) => (await cache?.has(digest)) ?? false;
  const nameOf = (layer: ArrivingLayer) => `layer ${toPrintable(layer.name)} of ${image.place}`;
  const stored = new Map<string, WrittenLayer>();
  const cachedLayers = cache && new CachedLayers(cache, target, image.isStream ?? false);
  let storing = Promise.resolve();
  const end = async () => {
    await Promise.all([storing, cachedLayers?.close()]);
  };
  const convert = async (layer: ArrivingLayer): Promise<void> => {
    const before = target.limiter.demand;
    target.squashfs.expect(layer.sizeBytes);
    const written = await convertLayer(layer, nameOf(layer), target);
    const diffId = layer.diffId();
    stored.set(diffId, written);
    if (cache !== undefined && layer.digest !== undefined) {
      const demand = subtractUsage(before, target.limiter.demand);
      const { digest } = layer;
      const source = { file: target.file, range: target.squashfs.inFile(written.range) };
      // The index is built now, because applying the layers changes the entries. The copy runs in parallel with the
      // next layers.
      const index = buildIndex({ diffId, demand, entries: written.entries });
      storing = storing.then(() => cache.store(digest, index, source)).catch(warnOf(watch));
      target.squashfs.holdUntil(storing);
    }
  };
  try {
    for await (const layer of image.layers({ onBytes, onInflated, fileThreads, signal, isCached })) {
      const taken = await cachedLayers?.take(layer, nameOf(layer), begin(layer.sizeBytes));
      if (taken === undefined) {
        cachedLayers?.beginChecks();
        await convert(layer);
      } else {
        stored.set(taken.diffId, taken);
      }
    }
    cachedLayers?.beginChecks();
  } catch (error) {
    await end();
    throw error;
  }
  return {
    stored,
    areSound: async () => (await cachedLayers?.areSound()) ?? true,
    checked: async () => cachedLayers?.checked(),
    end,
  };
}

async function convertLayer(
  layer: ArrivingLayer,
  name: string,
  { squashfs, limiter }: LayerTarget,
): Promise<WrittenLayer> {
  const bytes = counted(layer.bytes, name, limiter);
  try {
    const entries = await storeEntries(new TarReader(bytes, name), squashfs.data, name, limiter);
    return { name, entries, range: await squashfs.endLayer() };
  } finally {
    // After an error nothing reads the stream to its end, so it must be closed here.
    await bytes.return(undefined);
  }
}

async function* counted(
  chunks: AsyncIterable<Buffer>,
  place: string,
  limiter: UsageLimiter,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of chunks) {
    limiter.addUnpacked(chunk.length, place);
    yield chunk;
  }
}

/** Reads a layer to its end; the contents of its files are written to the output immediately. */
async function storeEntries(
  tar: TarReader,
  data: DataArea,
  place: string,
  limiter: UsageLimiter,
): Promise<LayerEntry<FileContent>[]> {
  const entries: LayerEntry<FileContent>[] = [];
  const readContent: ReadContent = (target) => tar.readContent(target);
  for (let entry = await tar.next(); entry !== undefined; entry = await tar.next()) {
    limiter.addEntry(entry, place);
    const names = splitPath(entry.name, place);
    const storing =
      entry.kind === 'file' && !isWhiteout(names) ? data.store(entry.sizeBytes, readContent) : undefined;
    const content = storing instanceof Promise ? await storing : storing;
    const meaning = toLayerEntry(entry, names, content, place);
    if (meaning !== undefined) {
      entries.push(meaning);
    }
  }
  return entries;
}

/** Warns about a cache that cannot be written; the conversion continues without it. */
function warnOf({ signal, onWarning }: Watch): (error: unknown) => void {
  return (error) => {
    if (!signal.aborted) {
      onWarning(`the converted layer was not added to the cache: ${getErrorMessage(error)}`);
    }
  };
}
