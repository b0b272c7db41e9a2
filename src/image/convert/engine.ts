import type { Compression } from '../../formats/squashfs/compression.ts';
import type { ConversionWatch } from './conversion-watch.ts';
import type { ImageDescription } from '../source/image-config.ts';
import type { OpenedSource } from '../source/opened-source.ts';

/** Converts an image to a SIF. The surrounding steps (locks, checks, manifest) are the same for every engine. */
export interface SifEngine {
  readonly name: string;
  /** Maximum bytes in its temporary directory for each byte of the unpacked layers; 0 if it stores only the output. */
  readonly tempFactor: number;
  /** Number of threads for one conversion, besides the one that distributes the work. */
  readonly threads: number;
  /** Returns its version on this host. @throws {MissingToolError} if it is not installed. */
  version(): Promise<string>;
  /**
   * Writes the SIF to `request.output`, a path that does not exist yet, and resolves when it is complete. After a
   * failure the caller removes the incomplete file.
   *
   * @throws {HpcGatError} if the conversion fails; the signal's reason if that aborts.
   */
  convert(request: ConversionRequest, watch: ConversionWatch): Promise<Converted>;
}

export interface Converted {
  /** Description of the image, if the engine has read it. */
  readonly image?: ImageDescription;
  /**
   * Waits for outstanding digest checks. Do not publish the SIF before this resolves.
   *
   * @throws {HpcGatError} if the image is damaged.
   */
  readonly checked?: () => Promise<void>;
}

export interface ConversionRequest {
  readonly opened: OpenedSource;
  /** Absolute path of the file to write. */
  readonly output: string;
  /** Absolute path of an empty directory for temporary files; the caller removes it. */
  readonly tempDir: string;
  readonly compression: Compression;
  /** Block size of the file system: a power of two, 4 KiB to 1 MiB. */
  readonly blockBytes: number;
}
