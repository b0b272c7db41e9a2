import { constants } from 'node:fs';
import { lstat, open, rename, rm, utimes, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { makeDirectory } from '../../../support/files/make-directory.ts';
import { explainConcern } from '../../../support/files/ownership.ts';
import { getOwnIdentity } from '../../../support/processes/process-identity.ts';
import type { FileThreads } from '../../../support/threads/file-threads.ts';
import type { LayerEntry } from '../layer/layer-entry.ts';
import type { FileContent } from '../../../formats/squashfs/file-content.ts';
import type { ByteRange } from '../../../formats/squashfs/write/compact.ts';
import type { CachedBlocks } from '../../../formats/squashfs/write/squashfs-writer.ts';
import { DamagedEntry, readEntry, writeEntry } from './cache-entry-file.ts';
import { formatEntryName, type BlockForm } from './cache-entry-name.ts';
import { formatPartName } from './list-cache.ts';
import { restoreEntries } from './index-reader.ts';
import type { LayerIndex } from './layer-index.ts';
import { CacheEvictor } from './evict.ts';
import type { CacheConfig } from './cache-config.ts';

/**
 * Minimum unpacked size of cached layers. Smaller ones are converted as fast as they are looked up, and an image may
 * have thousands of them.
 */
const smallestBytes = 64 * 1024;

/** Counter that distinguishes the files that one process writes concurrently. */
let parts = 0;

/** Cached layer, open until {@link close}. */
export interface CachedLayer extends Pick<LayerIndex, 'diffId' | 'demand'>, CachedBlocks {
  /** Copies like {@link CachedBlocks}; a damaged entry is removed from the cache. */
  copyTo(file: FileHandle, position: number): Promise<boolean>;
  /** Returns the entries. @param from offset of the first block in the new file system. */
  entriesAt(from: number): LayerEntry<FileContent>[];
  close(): Promise<void>;
}

/**
 * Layer cache on disk: the compressed blocks of converted layers. Each layer is one file, which is written under a
 * temporary name, renamed when complete, and never changed. No lock is needed: an open entry stays complete even
 * while it is replaced or removed. Corrupt entries are deleted and treated as misses.
 */
export class BlockCache {
  readonly #config: CacheConfig;
  readonly #form: BlockForm;
  readonly #fileThreads: FileThreads;
  readonly #evictor: CacheEvictor;

  constructor(config: CacheConfig, form: BlockForm, fileThreads: FileThreads) {
    this.#config = config;
    this.#form = form;
    this.#fileThreads = fileThreads;
    this.#evictor = new CacheEvictor(config);
  }

  /**
   * Returns whether a layer has a trustworthy entry, without reading it. @param digest digest of the layer as stored.
   */
  async has(digest: string): Promise<boolean> {
    const file = this.#fileOf(digest);
    const facts = file === undefined ? undefined : await lstat(file).catch(() => undefined);
    return file !== undefined && facts !== undefined && (await explainConcern(facts, { file })) === undefined;
  }

  /** @returns undefined for a layer that is missing or incomplete. */
  async open(digest: string): Promise<CachedLayer | undefined> {
    const file = this.#fileOf(digest);
    const handle = file === undefined ? undefined : await openTrusted(file);
    if (file === undefined || handle === undefined) {
      return undefined;
    }
    // A copy will follow; the threads start while the index is read.
    this.#fileThreads.start();
    try {
      const { index, dataBytes, sizeBytes, copyTo } = await readEntry<LayerIndex>(handle);
      this.#evictor.touch(file, sizeBytes);
      const now = new Date();
      await utimes(file, now, now).catch(() => undefined);
      return {
        diffId: index.diffId,
        demand: index.demand,
        dataBytes,
        file: handle,
        copyTo: async (target, position) => {
          try {
            await copyTo(target, position, this.#fileThreads);
            return true;
          } catch (error) {
            await removeDamaged(file, error);
            return false;
          }
        },
        entriesAt: (from) => restoreEntries(index, from),
        close: () => handle.close(),
      };
    } catch (error) {
      await handle.close();
      await removeDamaged(file, error);
      return undefined;
    }
  }

  /**
   * Stores a layer's blocks if there is space. Do not call it again before it has resolved.
   *
   * @param digest digest of the layer as stored.
   * @param source file and range of the blocks, without gaps.
   * @throws errors of the file system.
   */
  async store(
    digest: string,
    index: LayerIndex,
    source: { readonly file: FileHandle; readonly range: ByteRange },
  ): Promise<void> {
    const { directory } = this.#config;
    const file = this.#fileOf(digest);
    if (file === undefined || index.demand.unpackedBytes < smallestBytes) {
      return;
    }
    await makeDirectory(directory, 0o700);
    const { start, end } = source.range;
    if (!(await this.#evictor.reserve(end - start))) {
      return;
    }
    parts += 1;
    const part = path.join(directory, formatPartName(getOwnIdentity(), parts));
    try {
      const handle = await open(part, 'wx', 0o600);
      try {
        const sizeBytes = await writeEntry(handle, source.file, source.range, index, this.#fileThreads);
        this.#evictor.touch(file, sizeBytes);
      } finally {
        await handle.close();
      }
      await rename(part, file);
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
  }

  #fileOf(digest: string): string | undefined {
    const name = formatEntryName(digest, this.#form);
    return name === undefined ? undefined : path.join(this.#config.directory, name);
  }
}

/**
 * Opens an entry if its owner is this user or root, because the author of an entry controls the contents of the SIF.
 * The check uses the open file.
 */
async function openTrusted(file: string): Promise<FileHandle | undefined> {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
  const handle = await open(file, O_RDONLY | O_NONBLOCK | O_NOFOLLOW).catch(() => undefined);
  const facts = await handle?.stat();
  if (facts?.isFile() === true && (await explainConcern(facts, { file })) === undefined) {
    return handle;
  }
  await handle?.close();
  return undefined;
}

/** Removes a damaged entry. @throws any other error. */
async function removeDamaged(file: string, error: unknown): Promise<void> {
  if (!(error instanceof DamagedEntry)) {
    throw error;
  }
  await rm(file, { force: true });
}
