import type { Compression } from '../../formats/squashfs/compression.ts';
import type { ProgressForm } from './progress.ts';
import type { SifManifest } from './sif-manifest.ts';
import type { ImageSource } from '../source/source.ts';

export interface MakeSifRequest {
  readonly source: ImageSource;
  /** Absolute path of the SIF. */
  readonly output: string;
  readonly compression: Compression;
  /** Block size of the file system, in bytes. */
  readonly blockBytes: number;
  /** Absolute directory for the temporary files of engines that need them; the directory of the output if undefined. */
  readonly tempParent?: string | undefined;
  /** Converts even if the SIF is up to date, and replaces a file of other origin. */
  readonly force?: boolean;
  /** Accepts a SIF that another engine made from the same image as up to date. */
  readonly anyEngine?: boolean;
  /** Hashes the SIF before it counts as up to date. */
  readonly verify?: boolean;
  /** Form of the progress display. */
  readonly progress?: Omit<ProgressForm, 'file'>;
  /** Reports what would be done, without doing it. */
  readonly dryRun?: boolean;
}

export interface MakeSifResult {
  readonly state: 'made' | 'up to date' | 'would be made';
  /** Absolute path of the SIF. */
  readonly file: string;
  /** Reason why it was made, would be made, or is up to date. */
  readonly reason: string;
  readonly record?: SifManifest;
}
