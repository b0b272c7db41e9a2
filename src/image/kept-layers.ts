import type { BlockCache } from './cache/block-cache.ts';
import type { Demand } from './limits.ts';
import type { ArrivingLayer } from './source/layered-image.ts';
import type { LayerTarget, WrittenLayer } from './store-layers.ts';

interface Copied {
  readonly layer: ArrivingLayer;
  readonly demand: Demand;
  readonly isSound: Promise<boolean>;
}

/**
 * Takes layers from the cache that were converted before. Their blocks are copied, and their stored bytes compared with the
 * digest, while other layers are read: but for those of a stream, which pass by once.
 */
export class KeptLayers {
  readonly #cache: BlockCache;
  readonly #target: LayerTarget;
  readonly #isStream: boolean;
  readonly #copied: Copied[] = [];
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
    const { squashfs, budget, file } = this.#target;
    const cached = layer.digest === undefined ? undefined : await this.#cache.open(layer.digest);
    if (cached === undefined) {
      return undefined;
    }
    const { diffId, demand, dataBytes } = cached;
    // An image that names another diff_id for this layer is damaged: reading the layer says so.
    if (!['', diffId].includes(layer.diffId())) {
      await cached.close();
      return undefined;
    }
    const stretch = squashfs.adoptLayer(dataBytes);
    const isSound = cached.copyTo(file, squashfs.inFile(stretch).from).finally(() => cached.close());
    if (this.#isStream) {
      if (!(await isSound)) {
        return undefined;
      }
      await layer.check(onBytes);
    } else {
      // Others wait for the blocks, and nobody for the digest.
      const check = isSound.then((sound) => (sound ? layer.check(onBytes) : undefined));
      this.#copied.push({ layer, demand, isSound });
      this.#checks.push(check);
      // Whoever awaits them later gets the error; until then it is not an unhandled one.
      [isSound, check].forEach((later: Promise<unknown>) => {
        later.catch(() => undefined);
      });
    }
    budget.takeLayer(demand, name);
    return { diffId, name, entries: cached.entriesAt(stretch.from), stretch };
  }

  /** Waits for the blocks. @returns the layers that have to be converted all the same, since theirs were damaged */
  async damaged(): Promise<ArrivingLayer[]> {
    const damaged: ArrivingLayer[] = [];
    for (const { layer, demand, isSound } of this.#copied) {
      if (!(await isSound)) {
        this.#target.budget.giveBack(demand);
        damaged.push(layer);
      }
    }
    return damaged;
  }

  /** Waits until the file is let go of, whatever comes of it. */
  async end(): Promise<void> {
    await Promise.allSettled(this.#copied.map(({ isSound }) => isSound));
  }

  /** Waits until all stored bytes are compared. @throws {HpcGatError} when some are not what they should be */
  async checked(): Promise<void> {
    await Promise.all(this.#checks);
  }
}
