import type { FileThreads } from '../../support/threads/file-threads.ts';
import type { Compression } from '../../formats/squashfs/compression.ts';
import type { ImageDescription } from '../source/image-config.ts';
import type { ImageSource } from '../source/source.ts';

/** Turns an image into a SIF. What surrounds it (locks, checks, the record) is the same for every engine. */
export interface SifEngine {
  readonly name: string;
  /** Most bytes in its scratch directory for each byte of the unpacked layers; 0 where it stores nothing beside the output. */
  readonly scratchFactor: number;
  /** How many threads may work for one conversion, beside the one that hands out the work. */
  readonly threads: number;
  /** Its version on this host. @throws {MissingToolError} when it is not there. */
  version(): Promise<string>;
  /**
   * Writes the SIF to `request.output`, a path where nothing is yet, and resolves when it is complete.
   * After a failure what lies there is garbage that the caller removes.
   *
   * @throws {HpcGatError} when it fails; the signal's reason when that aborts.
   */
  convert(request: ConversionRequest, watch: ConversionWatch): Promise<Converted>;
}

export interface Converted {
  /** What the image says of itself, where the engine has read that. */
  readonly image?: ImageDescription;
  /**
   * Waits for what the file threads still compare: before that the SIF is not to be used.
   *
   * @throws {HpcGatError} when the image is damaged.
   */
  readonly checked?: () => Promise<void>;
}

export interface ConversionRequest {
  readonly source: ImageSource;
  /** Absolute path of the file to write. */
  readonly output: string;
  /** Absolute path of an empty directory for what the engine stores meanwhile; the caller removes it. */
  readonly scratch: string;
  readonly compression: Compression;
  /** Of the file system's blocks: a power of two, 4 KiB to 1 MiB. */
  readonly blockBytes: number;
}

export interface ConversionWatch {
  readonly onProgress: (progress: ConversionProgress) => void;
  /** What the engine wants a person to know about the image; the conversion goes on. */
  readonly onWarning: (message: string) => void;
  /** A process was started that has to end with the conversion, even when this one is killed. */
  readonly onChild: (pid: number) => void;
  /** Hash and copy files beside the conversion. The caller ends them, with the signal too. */
  readonly fileThreads: FileThreads;
  readonly signal: AbortSignal;
}

/** Reading the layers, applying them, writing the file system, anything else. */
export type ConversionStage = 'fetch' | 'unpack' | 'compress' | 'other';

export interface ConversionProgress {
  readonly stage: ConversionStage;
  /** One line for a person. */
  readonly message: string;
  /** How far the stage is, from engines that know. */
  readonly doneBytes?: number;
  /** Undefined where nobody knows before the end, as of a stream. */
  readonly totalBytes?: number | undefined;
  /** The layer that is read now, the first that comes being number 1. */
  readonly layer?: {
    readonly number: number;
    readonly count: number;
    readonly doneBytes: number;
    readonly totalBytes: number;
  };
}
