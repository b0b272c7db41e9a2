import { statfs } from 'node:fs/promises';
import type { CacheConfig } from './block-cache.ts';
import { listCache, removeFiles, surplus, type CacheEntry } from './list-cache.ts';

/** So much stays free on the cache's file system. */
const reserveBytes = 1024 ** 3;

/** What one conversion may add to a cache. What it has used itself is not to make room for the rest of it. */
export class CacheEvictor {
  readonly #place: CacheConfig;
  readonly #used = new Map<string, number>();
  /** Of others, as it was when the first room was asked for: a directory of thousands is not to be read each time. */
  #others: readonly CacheEntry[] | undefined;

  constructor(place: CacheConfig) {
    this.#place = place;
  }

  /** An entry was read or written. */
  use(file: string, sizeBytes: number): void {
    this.#used.set(file, sizeBytes);
  }

  /**
   * Removes what was not used for longest, and what killed processes have left.
   *
   * @returns false when there is no room for so much.
   */
  async reserve(bytes: number): Promise<boolean> {
    const { directory, limitBytes } = this.#place;
    if (this.#others === undefined) {
      const { entries, leftovers } = await listCache(directory, new Date());
      await removeFiles(leftovers);
      this.#others = entries;
    }
    const others = this.#others.filter(({ file }) => !this.#used.has(file));
    const usedBytes = [...this.#used.values()].reduce((sum, used) => sum + used, 0);
    if (usedBytes + bytes > limitBytes) {
      return false;
    }
    const going = surplus(others, limitBytes - usedBytes - bytes);
    await removeFiles(going);
    this.#others = others.filter((entry) => !going.includes(entry));
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize - bytes >= reserveBytes;
  }
}
