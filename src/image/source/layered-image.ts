import type { ImageConfig } from './image-config.ts';

/** An image whose layers can be read, once, in the order in which they come. */
export interface LayeredImage {
  /** Where it comes from, for messages. */
  readonly place: string;
  readonly layerCount: number;
  /** About as many stored bytes as there are to read. */
  readonly totalBytes: number;
  /**
   * Every layer of the image, and maybe others; each is read to its end before the next one is asked for.
   *
   * @param onBytes told how many stored bytes were read since the last call.
   * @throws {HpcGatError} when one cannot be read or is damaged.
   */
  layers(onBytes: (bytes: number) => void, signal: AbortSignal): AsyncIterable<ArrivingLayer>;
  /**
   * What the image is, with the order of its layers (`rootfs.diff_ids`); of a stream it is known at its end.
   *
   * @throws {HpcGatError} when the stream did not say.
   */
  config(): ImageConfig | Promise<ImageConfig>;
}

export interface ArrivingLayer {
  readonly name: string;
  /** As it is stored. */
  readonly sizeBytes: number;
  /** Uncompressed. Behind the last of them the digests that are known for the layer have been compared. */
  readonly bytes: AsyncIterable<Buffer>;
  /** Digest of those bytes, `sha256:...`; known behind the last of them. */
  readonly diffId: () => string;
}
