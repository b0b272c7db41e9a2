import type { BlockCache, CachedLayer } from './cache/block-cache.ts';
import type { ArrivingLayer } from '../source/layers/layered-image.ts';
import type { LayerTarget, WrittenLayer } from './layer-target.ts';

/**
 * Takes layers from the cache. Their blocks are copied, and their stored bytes are compared with the digest, in
 * parallel with other work; the layers of a stream can be read only once and are therefore compared immediately.
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
   * @param name label for messages
   * @param onBytes receives the number of stored bytes read since the last call
   * @returns undefined if the layer must be converted
   */
  async take(
    layer: ArrivingLayer,
    name: string,
    onBytes: (bytes: number) => void,
  ): Promise<(WrittenLayer & { readonly diffId: string }) | undefined> {
    const { squashfs, limiter } = this.#target;
    const cached = layer.digest === undefined ? undefined : await this.#cache.open(layer.digest);
    if (cached === undefined) {
      return undefined;
    }
    this.#open.push(cached);
    const { diffId, demand } = cached;
    // An image with another diff_id for this layer is damaged; reading the layer reports that.
    if (!['', diffId].includes(layer.diffId())) {
      return undefined;
    }
    const { range, copied } = squashfs.adoptLayer(cached);
    if (this.#isStream) {
      if (!(await copied)) {
        return undefined;
      }
      await layer.check(onBytes);
    } else {
      this.#copies.push(copied);
      this.#unchecked.push(() => layer.check(onBytes));
    }
    limiter.addLayer(demand, name);
    return { diffId, name, entries: cached.entriesAt(range.start), range };
  }

  /** Starts to compare the stored bytes of the layers, after the copies, which others wait for. */
  beginChecks(): void {
    for (const begin of this.#unchecked.splice(0)) {
      const check = begin();
      // The error goes to the code that awaits the promise later; until then it must not count as unhandled.
      check.catch(() => undefined);
      this.#checks.push(check);
    }
  }

  /** Waits for the copies. @returns false if blocks were damaged: nothing derived from them may be used. */
  async areSound(): Promise<boolean> {
    return (await Promise.all(this.#copies)).every((sound) => sound);
  }

  /** Waits until all stored bytes are compared. @throws {HpcGatError} if some differ */
  async checked(): Promise<void> {
    await Promise.all(this.#checks);
  }

  /** Closes the files after the last copy. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#copies);
    await Promise.all(this.#open.map((cached) => cached.close()));
  }
}
