import type { BlockCache, CachedLayer } from './cache/block-cache.ts';
import type { ArrivingLayer } from '../source/layers/layered-image.ts';
import type { LayerTarget, WrittenLayer } from './store-layers.ts';

/**
 * Takes layers from the cache that were converted before. Their blocks are copied, and their stored bytes compared with the
 * digest, beside everything else: but for those of a stream, which pass by once.
 */
export class CachedLayers {
  readonly #cache: BlockCache;
  readonly #target: LayerTarget;
  readonly #isStream: boolean;
  readonly #open: CachedLayer[] = [];
  readonly #copies: Promise<boolean>[] = [];
  readonly #unchecked: (() => Promise<void>)[] = [];
  readonly #checks: Promise<void>[] = [];

  constructor(cache: BlockCache, target: LayerTarget, isStream: boolean) {
    this.#cache = cache;
    this.#target = target;
    this.#isStream = isStream;
  }

  /**
   * @param name for messages
   * @param onBytes told how many of its stored bytes were read since the last call
   * @returns undefined when the layer has to be converted
   */
  async take(
    layer: ArrivingLayer,
    name: string,
    onBytes: (bytes: number) => void,
  ): Promise<(WrittenLayer & { readonly diffId: string }) | undefined> {
    const { squashfs, budget } = this.#target;
    const cached = layer.digest === undefined ? undefined : await this.#cache.open(layer.digest);
    if (cached === undefined) {
      return undefined;
    }
    this.#open.push(cached);
    const { diffId, demand } = cached;
    // An image that names another diff_id for this layer is damaged: reading the layer says so.
    if (!['', diffId].includes(layer.diffId())) {
      return undefined;
    }
    const { stretch, copied } = squashfs.adoptLayer(cached);
    if (this.#isStream) {
      if (!(await copied)) {
        return undefined;
      }
      await layer.check(onBytes);
    } else {
      this.#copies.push(copied);
      this.#unchecked.push(() => layer.check(onBytes));
    }
    budget.takeLayer(demand, name);
    return { diffId, name, entries: cached.entriesAt(stretch.from), stretch };
  }

  /** Begins to compare the stored bytes of those that were taken: behind the copies, for which others wait. */
  beginChecks(): void {
    for (const begin of this.#unchecked.splice(0)) {
      const check = begin();
      // Whoever awaits it later gets the error; until then it is not an unhandled one.
      check.catch(() => undefined);
      this.#checks.push(check);
    }
  }

  /** Waits for the blocks. @returns false when some were damaged: nothing that was made of them is to be used. */
  async areSound(): Promise<boolean> {
    return (await Promise.all(this.#copies)).every((sound) => sound);
  }

  /** Waits until all stored bytes are compared. @throws {HpcGatError} when some are not what they should be */
  async checked(): Promise<void> {
    await Promise.all(this.#checks);
  }

  /** Lets go of the files, when nobody reads them any more. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#copies);
    await Promise.all(this.#open.map((cached) => cached.close()));
  }
}
