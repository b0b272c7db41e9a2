import { Readable } from 'node:stream';
import { downloadChunks } from '../../../registry/download.ts';
import type { Registry } from '../../../registry/registry.ts';
import type { Context } from '../../../support/context.ts';
import type { LayerReading } from './layered-image.ts';
import type { Descriptor } from '../oci/oci-manifest.ts';

/** Maximum number of layers in transfer: the one that is being converted, and the next ones. */
const maxConcurrent = 3;
/** Maximum number of buffered pieces of a layer, of up to 64 KiB each. */
const piecesAhead = 256;

/** Fetches layers from a registry ahead of time, except for those that are already available. */
export class Prefetcher {
  readonly #registry: Registry;
  readonly #layers: readonly Descriptor[];
  readonly #isCached: LayerReading['isCached'];
  readonly #context: Pick<Context, 'clock' | 'signal'>;
  readonly #ending = new AbortController();
  readonly #started = new Map<Descriptor, Readable>();

  constructor(
    registry: Registry,
    layers: readonly Descriptor[],
    { isCached, signal }: LayerReading,
    clock: Context['clock'],
  ) {
    this.#registry = registry;
    this.#layers = layers;
    this.#isCached = isCached;
    this.#context = { clock, signal: AbortSignal.any([signal, this.#ending.signal]) };
  }

  /** Starts the transfers for the time while this layer is converted. */
  async beginTurn(layer: Descriptor): Promise<void> {
    let onTheirWay = 0;
    for (const one of this.#layers.slice(this.#layers.indexOf(layer))) {
      if (onTheirWay === maxConcurrent) {
        return;
      }
      if (this.#started.has(one) || !(await this.#isCached(one.digest))) {
        this.stream(one);
        onTheirWay += 1;
      }
    }
  }

  /** Returns the stored bytes of a layer; the transfer starts now if it has not started before. */
  stream(layer: Descriptor): Readable {
    const started = this.#started.get(layer);
    if (started !== undefined) {
      return started;
    }
    const stream = Readable.from(downloadChunks(this.#registry, layer, this.#context), {
      highWaterMark: piecesAhead,
    });
    // The reader receives the error later; until then it must not count as unhandled.
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
