import type { Compression } from '../../formats/squashfs/compression.ts';
import type { ProgressForm } from './progress.ts';
import type { SifManifest } from './sif-manifest.ts';
import type { ImageSource } from '../source/source.ts';

export interface MakeSifRequest {
  readonly source: ImageSource;
  /** Absolute path of the SIF. */
  readonly output: string;
  readonly compression: Compression;
  /** Of the file system's blocks, bytes. */
  readonly blockBytes: number;
  /** Absolute directory for the temporary files of engines that have some; beside the output when undefined. */
  readonly tmpDir?: string | undefined;
  /** Converts even when the SIF is up to date, and replaces a file of other origin. */
  readonly force?: boolean;
  /** A SIF that another engine has made of the same image is up to date as well. */
  readonly anyEngine?: boolean;
  /** Hashes the SIF before calling it up to date. */
  readonly verify?: boolean;
  /** How the way to the SIF is shown. */
  readonly progress?: Omit<ProgressForm, 'file'>;
  /** Says what would be done, and does nothing. */
  readonly dryRun?: boolean;
}

export interface MakeSifResult {
  readonly state: 'made' | 'up to date' | 'would be made';
  /** Absolute path of the SIF. */
  readonly file: string;
  /** Why it was made, would be made, or was left alone. */
  readonly reason: string;
  readonly record?: SifManifest;
}
