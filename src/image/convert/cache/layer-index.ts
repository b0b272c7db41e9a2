import type { LayerEntry } from '../layer/layer-entry.ts';
import type { LeafInode } from '../../../formats/squashfs/inode.ts';
import type { ResourceUsage } from '../limits.ts';
import type { FileContent } from '../../../formats/squashfs/file-content.ts';
import type { StoredMetadata } from './stored-metadata.ts';

/**
 * A layer whose contents are written, without places in a file, as it is written to the cache. A few long lists are read
 * sooner than many short ones.
 */
export interface LayerIndex {
  readonly diffId: string;
  readonly demand: ResourceUsage;
  /** Of every block, in the order in which they lie, the word by which squashfs tells its length. */
  readonly blocks: readonly number[];
  readonly metadata: readonly StoredMetadata[];
  /** Of one entry after the other its place in {@link changes}, and what else there is to say of it. */
  readonly numbers: readonly number[];
  /** Paths, and targets of links; paths have `/` between their names, one character for a byte as everywhere. */
  readonly texts: readonly string[];
}

/** What an entry does, or what it puts there. */
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

/** In the place of the number of a block: there is none. */
export const noBlock = -1;
