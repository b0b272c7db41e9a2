import type { FileThreads } from '../../support/threads/file-threads.ts';

export interface ConversionWatch {
  readonly onProgress: (progress: ConversionProgress) => void;
  /** Receives warnings about the image; the conversion continues. */
  readonly onWarning: (message: string) => void;
  /** Receives the id of a process that must end with the conversion, even if this process is killed. */
  readonly onChild: (pid: number) => void;
  /** Threads that hash and copy files during the conversion. The caller ends them, also on abort. */
  readonly fileThreads: FileThreads;
  readonly signal: AbortSignal;
}

/** Stages: reading the layers, applying them, writing the file system, anything else. */
export type ConversionStage = 'fetch' | 'unpack' | 'compress' | 'other';

export interface ConversionProgress {
  readonly stage: ConversionStage;
  /** One line for users. */
  readonly message: string;
  /** Progress of the stage, if the engine knows it. */
  readonly doneBytes?: number;
  /** Undefined if the total is unknown before the end, as for a stream. */
  readonly totalBytes?: number | undefined;
  /** Current layer, numbered from 1 in the order of arrival. */
  readonly layer?: {
    readonly number: number;
    readonly count: number;
    readonly doneBytes: number;
    readonly totalBytes: number;
  };
}
