import { statfs } from 'node:fs/promises';
import type { CacheConfig } from './cache-config.ts';
import { listCache, removeFiles, selectEvicted, type CacheEntry } from './list-cache.ts';

/** Space that stays free on the cache's file system. */
const reserveBytes = 1024 ** 3;

/** Limits what one conversion adds to a cache. Entries that the conversion itself uses are not evicted. */
export class CacheEvictor {
  readonly #config: CacheConfig;
  readonly #used = new Map<string, number>();
  /** Other entries at the time of the first reservation: a directory of thousands of files is not read each time. */
  #others: readonly CacheEntry[] | undefined;

  constructor(config: CacheConfig) {
    this.#config = config;
  }

  /** Records that an entry was read or written. */
  touch(file: string, sizeBytes: number): void {
    this.#used.set(file, sizeBytes);
  }

  /**
   * Makes space by removing the least recently used entries, and files that killed processes left behind.
   *
   * @returns false if there is not enough space.
   */
  async reserve(bytes: number): Promise<boolean> {
    const { directory, limitBytes } = this.#config;
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
    const going = selectEvicted(others, limitBytes - usedBytes - bytes);
    await removeFiles(going);
    this.#others = others.filter((entry) => !going.includes(entry));
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize - bytes >= reserveBytes;
  }
}
