import { Readable } from 'node:stream';
import { blobChunks } from '../../../registry/download.ts';
import type { Registry } from '../../../registry/registry.ts';
import type { Context } from '../../../support/context.ts';
import type { LayerReading } from './layered-image.ts';
import type { Descriptor } from '../oci/oci-manifest.ts';

/** Layers that are on their way at once: the one that is being converted, and those behind it. */
const maxConcurrent = 3;
/** Pieces of a layer, of up to 64 KiB, that are held until it is its turn. */
const piecesAhead = 256;

/** Fetches layers from a registry before it is their turn, but for those that are held already. */
export class Prefetcher {
  readonly #registry: Registry;
  readonly #layers: readonly Descriptor[];
  readonly #isHeld: LayerReading['isHeld'];
  readonly #context: Pick<Context, 'clock' | 'signal'>;
  readonly #ending = new AbortController();
  readonly #started = new Map<Descriptor, Readable>();

  constructor(
    registry: Registry,
    layers: readonly Descriptor[],
    { isHeld, signal }: LayerReading,
    clock: Context['clock'],
  ) {
    this.#registry = registry;
    this.#layers = layers;
    this.#isHeld = isHeld;
    this.#context = { clock, signal: AbortSignal.any([signal, this.#ending.signal]) };
  }

  /** Starts what may come meanwhile, now that it is this layer's turn. */
  async beginTurn(layer: Descriptor): Promise<void> {
    let onTheirWay = 0;
    for (const one of this.#layers.slice(this.#layers.indexOf(layer))) {
      if (onTheirWay === maxConcurrent) {
        return;
      }
      if (this.#started.has(one) || !(await this.#isHeld(one.digest))) {
        this.stream(one);
        onTheirWay += 1;
      }
    }
  }

  /** The stored bytes of a layer, on their way or asked for now. */
  stream(layer: Descriptor): Readable {
    const started = this.#started.get(layer);
    if (started !== undefined) {
      return started;
    }
    const stream = Readable.from(blobChunks(this.#registry, layer, this.#context), {
      highWaterMark: piecesAhead,
    });
    // Whoever reads it meets the error; until then it is not an unhandled one.
    stream.on('error', () => undefined);
    stream.read(0);
    this.#started.set(layer, stream);
    return stream;
  }

  end(): void {
    this.#ending.abort();
    this.#started.forEach((stream) => stream.destroy());
  }
}
