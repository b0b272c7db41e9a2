import type { FileThreads } from '../../../support/threads/file-threads.ts';
import type { ImageConfig } from '../image-config.ts';

/** Image whose layers can be read in the order in which they arrive. */
export interface LayeredImage {
  /** Label of the source, for messages. */
  readonly place: string;
  /** Number of layers; undefined for a stream in which it is known only at the end. */
  readonly layerCount?: number;
  /**
   * True if the layers can be read only once: each must be read or checked before the next one is requested. Layers
   * of other images may be checked in parallel, and read again.
   */
  readonly isStream?: boolean;
  /** Approximate number of stored bytes to read. */
  readonly totalBytes: number;
  /**
   * Yields every layer of the image, and possibly others.
   *
   * @throws {HpcGatError} if a layer cannot be read or is damaged.
   */
  layers(reading: LayerReading): AsyncIterable<ArrivingLayer>;
  /**
   * Returns the configuration, with the order of the layers (`rootfs.diff_ids`); for a stream it is known only at the
   * end.
   *
   * @throws {HpcGatError} if the stream did not contain it.
   */
  config(): ImageConfig | Promise<ImageConfig>;
}

/** Callbacks and threads for reading layers. */
export interface LayerReading {
  /** Receives the number of stored bytes read since the last call. */
  readonly onBytes: (bytes: number) => void;
  /** Threads for reading in parallel with the conversion. */
  readonly fileThreads: FileThreads;
  /**
   * Receives the number of bytes since the last call that were decompressed from a file that is compressed as a
   * whole.
   *
   * @throws {HpcGatError} if they are more than any image has.
   */
  readonly onInflated: (bytes: number) => void;
  readonly signal: AbortSignal;
  /**
   * Returns whether the content of a layer, by the digest of its stored bytes, is already available, so that it need
   * not be fetched.
   */
  readonly isCached: (digest: string) => Promise<boolean>;
}

/** Layer that is either read or checked. */
export interface ArrivingLayer {
  readonly name: string;
  /** Size as stored. */
  readonly sizeBytes: number;
  /** Digest of the stored bytes, `sha256:...`, if it is known in advance. */
  readonly digest?: string | undefined;
  /** Uncompressed bytes. The known digests of the layer are compared after the last byte. */
  readonly bytes: AsyncIterable<Buffer>;
  /**
   * Compares the stored bytes, if they were fetched, with the digest.
   *
   * @param onBytes receives the number of stored bytes read since the last call.
   * @throws {HpcGatError} if they differ.
   */
  check(onBytes: (bytes: number) => void): Promise<void>;
  /** Digest of the uncompressed bytes, `sha256:...`; for a stream it is empty until the last byte was read. */
  readonly diffId: () => string;
}
