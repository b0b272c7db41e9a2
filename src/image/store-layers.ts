import type { FileHandle } from 'node:fs/promises';
import { messageOf } from '../support/errors.ts';
import { printable } from '../support/printable.ts';
import type { BlockCache } from './cache/block-cache.ts';
import type { ConversionWatch } from './engine.ts';
import { interpret, isWhiteout, namesOf, type LayerEntry } from './layer/entry.ts';
import { demandSince, type Budget } from './limits.ts';
import { countLayers } from './source/count-bytes.ts';
import type { ArrivingLayer, LayeredImage } from './source/layered-image.ts';
import type { FileContent } from './squashfs/content.ts';
import type { DataArea, ReadContent } from './squashfs/data-area.ts';
import type { Stretch } from './squashfs/squeeze.ts';
import type { SquashfsWriter } from './squashfs/write.ts';
import { TarReader } from './tar/reader.ts';

/** A layer whose contents are written. */
export interface WrittenLayer {
  /** For messages. */
  readonly name: string;
  readonly entries: readonly LayerEntry<FileContent>[];
  readonly stretch: Stretch;
}

/** Where the contents go. */
export interface LayerTarget {
  readonly file: FileHandle;
  readonly squashfs: SquashfsWriter;
  readonly budget: Budget;
  /** Where layers may lie that were converted before, and others are kept. */
  readonly cache?: BlockCache | undefined;
}

type Watch = Pick<ConversionWatch, 'onProgress' | 'onWarning' | 'signal'>;

/**
 * Writes the contents of all layers, in the order in which they come.
 *
 * @returns the layers by their diff_ids.
 */
export async function storeLayers(
  image: LayeredImage,
  target: LayerTarget,
  watch: Watch,
): Promise<ReadonlyMap<string, WrittenLayer>> {
  const { cache } = target;
  const { signal } = watch;
  const { begin, onBytes } = countLayers(watch.onProgress, 'compress', 'converting the layers', image);
  const isHeld = async (digest: string) => (await cache?.has(digest)) ?? false;
  const stored = new Map<string, WrittenLayer>();
  let keeping = Promise.resolve();
  let checking = Promise.resolve();
  try {
    for await (const layer of image.layers({ onBytes, signal, isHeld })) {
      const name = `layer ${printable(layer.name)} of ${image.place}`;
      const held = cache && (await takeFromCache(layer, name, cache, target, signal));
      if (held !== undefined) {
        stored.set(held.diffId, held);
        // While the next one is copied from the cache, where the source allows it.
        checking = checking.then(() => {
          begin(layer.sizeBytes);
          return layer.check();
        });
        checking.catch(() => undefined);
        if (image.isStream === true) {
          await checking;
        }
        continue;
      }
      await checking;
      begin(layer.sizeBytes);
      const before = target.budget.demand;
      const written = await convertLayer(layer, name, target);
      const diffId = layer.diffId();
      stored.set(diffId, written);
      if (cache !== undefined && layer.digest !== undefined) {
        const demand = demandSince(before, target.budget.demand);
        const { digest } = layer;
        const kept = { diffId, demand, entries: written.entries };
        const source = { file: target.file, stretch: target.squashfs.inFile(written.stretch) };
        // Beside the next layer's conversion.
        keeping = keeping.then(() => cache.keep(digest, kept, source, signal)).catch(warnOf(watch));
      }
    }
    await checking;
  } finally {
    await Promise.allSettled([checking, keeping]);
  }
  return stored;
}

/** @returns undefined when the layer has to be converted. */
async function takeFromCache(
  { digest, diffId }: ArrivingLayer,
  name: string,
  cache: BlockCache,
  { squashfs, budget }: LayerTarget,
  signal: AbortSignal,
): Promise<(WrittenLayer & { readonly diffId: string }) | undefined> {
  const cached = digest === undefined ? undefined : await cache.open(digest);
  if (cached === undefined) {
    return undefined;
  }
  try {
    // An image that names another diff_id for this layer is damaged: reading the layer says so.
    if (!['', cached.diffId].includes(diffId())) {
      return undefined;
    }
    const stretch = await squashfs.adoptLayer(cached.dataBytes, (file, position) =>
      cached.copyTo(file, position, signal),
    );
    if (stretch === undefined) {
      return undefined;
    }
    budget.takeLayer(cached.demand, name);
    return { diffId: cached.diffId, name, entries: cached.entriesAt(stretch.from), stretch };
  } finally {
    await cached.close();
  }
}

async function convertLayer(
  layer: ArrivingLayer,
  name: string,
  { squashfs, budget }: LayerTarget,
): Promise<WrittenLayer> {
  const bytes = counted(layer.bytes, name, budget);
  try {
    const entries = await storeEntries(new TarReader(bytes, name), squashfs.data, name, budget);
    return { name, entries, stretch: await squashfs.endLayer() };
  } finally {
    // After an error nobody reads on, and what is open is to be closed.
    await bytes.return(undefined);
  }
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
async function storeEntries(
  tar: TarReader,
  data: DataArea,
  place: string,
  budget: Budget,
): Promise<LayerEntry<FileContent>[]> {
  const entries: LayerEntry<FileContent>[] = [];
  const readContent: ReadContent = (target) => tar.readContent(target);
  for (let entry = await tar.next(); entry !== undefined; entry = await tar.next()) {
    budget.take(entry, place);
    const names = namesOf(entry.name, place);
    const storing =
      entry.kind === 'file' && !isWhiteout(names) ? data.store(entry.sizeBytes, readContent) : undefined;
    const content = storing instanceof Promise ? await storing : storing;
    const meaning = interpret(entry, names, content, place);
    if (meaning !== undefined) {
      entries.push(meaning);
    }
  }
  return entries;
}

/** The conversion goes on without a cache that cannot be written. */
function warnOf({ signal, onWarning }: Watch): (error: unknown) => void {
  return (error) => {
    if (!signal.aborted) {
      onWarning(`the converted layer was not kept for the next time: ${messageOf(error)}`);
    }
  };
}
