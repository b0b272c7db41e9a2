import type { FileHandle } from 'node:fs/promises';
import type { FileContent } from '../../formats/squashfs/file-content.ts';
import type { ByteRange } from '../../formats/squashfs/write/compact.ts';
import type { SquashfsWriter } from '../../formats/squashfs/write/squashfs-writer.ts';
import type { BlockCache } from './cache/block-cache.ts';
import type { LayerEntry } from './layer/layer-entry.ts';
import type { UsageLimiter } from './limits.ts';

/** Layer whose contents are written. */
export interface WrittenLayer {
  /** Label for messages. */
  readonly name: string;
  readonly entries: readonly LayerEntry<FileContent>[];
  readonly range: ByteRange;
}

/** Destination of the contents. */
export interface LayerTarget {
  readonly file: FileHandle;
  readonly squashfs: SquashfsWriter;
  readonly limiter: UsageLimiter;
  /** Layer cache, for reading and writing. */
  readonly cache?: BlockCache | undefined;
}
