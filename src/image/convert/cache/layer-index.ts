import type { LayerEntry } from '../layer/layer-entry.ts';
import type { LeafInode } from '../../../formats/squashfs/inode.ts';
import type { ResourceUsage } from '../limits.ts';
import type { FileContent } from '../../../formats/squashfs/file-content.ts';
import type { StoredMetadata } from './stored-metadata.ts';

/**
 * Layer whose contents are written, without offsets in a file, in the form stored in the cache. A few long lists are
 * read faster than many short ones.
 */
export interface LayerIndex {
  readonly diffId: string;
  readonly demand: ResourceUsage;
  /** Size word of every block, as in squashfs, in stored order. */
  readonly blocks: readonly number[];
  readonly metadata: readonly StoredMetadata[];
  /** Index of each entry in {@link changes}, followed by its other numbers. */
  readonly numbers: readonly number[];
  /** Paths, and targets of links. Paths have `/` between their names, and one character per byte as everywhere. */
  readonly texts: readonly string[];
}

/** Effect of an entry, or the kind of inode that it adds. */
export const changes = [
  'directory',
  'hard-link',
  'whiteout',
  'opaque',
  'file',
  'symbolic-link',
  'character-device',
  'block-device',
  'fifo',
] as const satisfies readonly (
  Exclude<LayerEntry<FileContent>['change'], 'leaf'> | LeafInode<FileContent>['kind']
)[];

/** Index that means "no block". */
export const noBlock = -1;
