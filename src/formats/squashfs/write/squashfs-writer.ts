import type { FileHandle } from 'node:fs/promises';
import { writeAt } from '../../../support/files/file-access.ts';
import type { FileThreads } from '../../../support/threads/file-threads.ts';
import type { Compression } from '../compression.ts';
import type { DirectoryInode } from '../inode.ts';
import { BlockWriter } from './block-writer.ts';
import { createBlockCodec, type BlockCodec } from '../codec.ts';
import type { FileContent } from '../file-content.ts';
import { DataArea } from './data-area.ts';
import { Duplicates } from './duplicates.ts';
import { serializeTree, type SerializedTree } from './serialize-tree.ts';
import { WorkerPool } from './worker-pool.ts';
import { superblockLength } from '../layout.ts';
import { moveBlocks, compactBlocks, type Moves, type ByteRange } from './compact.ts';
import { encodeCodecOptions, encodeSuperblock } from './superblock-bytes.ts';
import { numberInodes, type NumberedLeaf } from './number-inodes.ts';
import { UsedBlocks } from './used-blocks.ts';

export interface SquashfsOptions {
  readonly compression: Compression;
  /** Power of two, 4 KiB to 1 MiB. */
  readonly blockBytes: number;
  /** Number of blocks that are compressed in parallel. */
  readonly threads: number;
}

/** Cached compressed blocks of a layer, stored consecutively from the beginning of a file. */
export interface CachedBlocks {
  readonly dataBytes: number;
  /** File that stays open until {@link SquashfsWriter.finish} resolves. */
  readonly file: FileHandle;
  /** Copies the blocks to an offset of a file. @returns false if they are damaged. */
  copyTo(file: FileHandle, position: number): Promise<boolean>;
}

interface Adopted {
  readonly range: ByteRange;
  readonly file: FileHandle;
  readonly copied: Promise<boolean>;
}

/**
 * Writes a squashfs 4.0 into a part of a file: first the contents of files, through {@link data}, then the tree that
 * refers to them.
 */
export class SquashfsWriter {
  readonly data: DataArea;
  readonly #file: FileHandle;
  readonly #base: number;
  readonly #dataStart: number;
  readonly #options: SquashfsOptions;
  readonly #fileThreads: FileThreads;
  readonly #codec: BlockCodec;
  readonly workers: WorkerPool;
  readonly #blocks: BlockWriter;
  readonly #adopted: Adopted[] = [];
  readonly #holds: Promise<unknown>[] = [];
  #layerStart: number;

  /**
   * @param base offset of the file system in the file.
   * @param fileThreads move blocks while the tables are built.
   */
  constructor(file: FileHandle, base: number, options: SquashfsOptions, fileThreads: FileThreads) {
    this.#dataStart = superblockLength + encodeCodecOptions(options.compression).length;
    this.#file = file;
    this.#base = base;
    this.#options = options;
    this.#fileThreads = fileThreads;
    this.#codec = createBlockCodec(options.compression, options.blockBytes);
    this.workers = new WorkerPool(this.#codec.openWorkers(options.threads), (block) =>
      this.#codec.compressSync(block),
    );
    this.#blocks = new BlockWriter(file, this.workers, options.blockBytes, base, this.#dataStart);
    this.#layerStart = this.#dataStart;
    this.data = new DataArea(this.#blocks, options.blockBytes);
  }

  /** Announces that at least so many bytes of contents will be added, so that threads can start. */
  expect(bytes: number): void {
    this.workers.expect(bytes);
  }

  /** Releases the compression threads, whether or not the file system was finished. */
  close(): void {
    this.workers.close();
  }

  /** Ends a layer, so that its blocks depend on this layer only. @returns their byte range. */
  async endLayer(): Promise<ByteRange> {
    const start = this.#layerStart;
    await this.data.endLayer();
    this.#layerStart = this.#blocks.position;
    return { start, end: this.#layerStart };
  }

  /** Converts a layer's byte range to offsets in the file, valid until {@link finish}. */
  inFile({ start, end }: ByteRange): ByteRange {
    return { start: this.#base + start, end: this.#base + end };
  }

  /**
   * Adds a layer's cached blocks unchanged; call it right after {@link endLayer}. They are copied in the background
   * and read from the cache meanwhile. If they turn out to be damaged, the file system is unusable unless the layer
   * is discarded.
   */
  adoptLayer(cached: CachedBlocks): Omit<Adopted, 'file'> {
    const { file, dataBytes } = cached;
    const start = this.#layerStart;
    this.#blocks.pass(dataBytes);
    this.#layerStart = this.#blocks.position;
    const copied = cached.copyTo(this.#file, this.#base + start);
    // The error goes to the code that awaits the promise later; until then it must not count as unhandled.
    copied.catch(() => undefined);
    const adopted = { range: { start, end: this.#layerStart }, file, copied };
    this.#adopted.push(adopted);
    this.holdUntil(copied);
    return adopted;
  }

  /** Delays all moves of blocks until a promise resolves. */
  holdUntil(done: Promise<unknown>): void {
    this.#holds.push(done);
  }

  /**
   * Writes everything but the contents, which are already written.
   *
   * @param order layers that the tree uses, in the order of their contents.
   * @param createdAt seconds since 1970, for the superblock.
   * @returns length of the file system.
   */
  async finish(
    root: DirectoryInode<FileContent>,
    order: readonly ByteRange[],
    createdAt: number,
  ): Promise<number> {
    const tree = numberInodes(root);
    const used = await this.#unify(tree.leaves);
    const { end: position, moves } = compactBlocks(this.#dataStart, used.all, order);
    const moving = this.#move(moves);
    let tables: SerializedTree;
    try {
      tables = serializeTree(tree, used.fragments(), position, this.#codec);
    } finally {
      await this.#fileThreads.helpWith(moving);
    }
    const { bytes, facts } = tables;
    await writeAt(this.#file, this.#base + position, bytes);
    const usedBytes = position + bytes.length;
    const front = Buffer.concat([
      encodeSuperblock(facts, { ...this.#options, createdAt }, usedBytes),
      encodeCodecOptions(this.#options.compression),
    ]);
    await writeAt(this.#file, this.#base, front);
    return usedBytes;
  }

  async #move(moves: Moves): Promise<void> {
    await Promise.all(this.#holds);
    await moveBlocks(this.#file, this.#base + this.#dataStart, moves, this.#fileThreads);
  }

  async #readStored(position: number, into: Buffer): Promise<void> {
    const cached = this.#adopted.find(({ range: { start, end } }) => start <= position && position < end);
    const { file, at } = cached
      ? { file: cached.file, at: position - cached.range.start }
      : { file: this.#file, at: this.#base + position };
    await file.read(into, 0, into.length, at);
  }

  /** Lets files with equal contents share them. @returns the used blocks. */
  async #unify(leaves: readonly NumberedLeaf<FileContent>[]): Promise<UsedBlocks> {
    const duplicates = new Duplicates(
      (position, into) => this.#readStored(position, into),
      this.#codec,
      this.#options.blockBytes,
    );
    const used = new UsedBlocks();
    for (const { inode } of leaves) {
      if (inode.kind === 'file') {
        const first = duplicates.canonical(inode.content);
        inode.content = first instanceof Promise ? await first : first;
        used.add(inode.content);
      }
    }
    return used;
  }
}
