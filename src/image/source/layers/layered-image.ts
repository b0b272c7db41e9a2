import type { FileThreads } from '../../../support/threads/file-threads.ts';
import type { ImageConfig } from '../image-config.ts';

/** An image whose layers can be read in the order in which they come. */
export interface LayeredImage {
  /** Where it comes from, for messages. */
  readonly place: string;
  /** Of a stream that says so at its end alone undefined. */
  readonly layerCount?: number;
  /**
   * Its layers pass by once: each is to be read or checked before the next one is asked for. Those of others may be checked
   * side by side, and asked for again.
   */
  readonly isStream?: boolean;
  /** About as many stored bytes as there are to read. */
  readonly totalBytes: number;
  /**
   * Every layer of the image, and maybe others.
   *
   * @throws {HpcGatError} when one cannot be read or is damaged.
   */
  layers(reading: LayerReading): AsyncIterable<ArrivingLayer>;
  /**
   * What the image is, with the order of its layers (`rootfs.diff_ids`); of a stream it is known at its end.
   *
   * @throws {HpcGatError} when the stream did not say.
   */
  config(): ImageConfig | Promise<ImageConfig>;
}

/** How layers are read. */
export interface LayerReading {
  /** Told how many stored bytes were read since the last call. */
  readonly onBytes: (bytes: number) => void;
  /** For what is read beside the conversion. */
  readonly fileThreads: FileThreads;
  /**
   * Told how many bytes came, since the last call, out of a file that is compressed as a whole.
   *
   * @throws {HpcGatError} when they are more than any image has.
   */
  readonly onInflated: (bytes: number) => void;
  readonly signal: AbortSignal;
  /** Whether the content of a layer, by the digest of its stored bytes, is there already: it need not come in advance. */
  readonly isHeld: (digest: string) => Promise<boolean>;
}

/** Either its bytes are read, or it is checked. */
export interface ArrivingLayer {
  readonly name: string;
  /** As it is stored. */
  readonly sizeBytes: number;
  /** Of the stored bytes, `sha256:...`, where it is known beforehand. */
  readonly digest?: string | undefined;
  /** Uncompressed. Behind the last of them the digests that are known for the layer have been compared. */
  readonly bytes: AsyncIterable<Buffer>;
  /**
   * Compares the stored bytes, as far as they come at all, with the digest.
   *
   * @param onBytes told how many stored bytes were read since the last call.
   * @throws {HpcGatError} when they differ.
   */
  check(onBytes: (bytes: number) => void): Promise<void>;
  /** Digest of the uncompressed bytes, `sha256:...`; of a stream it is known behind the last of them, and empty before. */
  readonly diffId: () => string;
}
