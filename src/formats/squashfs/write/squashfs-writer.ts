import type { FileHandle } from 'node:fs/promises';
import { writeAt } from '../../../support/files/file-access.ts';
import type { FileThreads } from '../../../support/threads/file-threads.ts';
import type { Compression } from '../compression.ts';
import type { DirectoryInode } from '../inode.ts';
import { BlockWriter } from './block-writer.ts';
import { blockCodec, type BlockCodec } from '../codec.ts';
import type { FileContent } from '../file-content.ts';
import { DataArea } from './data-area.ts';
import { Duplicates } from './duplicates.ts';
import { serializeTree, type SerializedTree } from './serialize-tree.ts';
import { WorkerPool } from './worker-pool.ts';
import { superblockLength } from '../layout.ts';
import { moveBlocks, compactBlocks, type Moves, type ByteRange } from './compact.ts';
import { codecOptions, superblockBytes } from './superblock-bytes.ts';
import { numberInodes, type NumberedLeaf } from './number-inodes.ts';
import { UsedBlocks } from './used-blocks.ts';

export interface SquashfsOptions {
  readonly compression: Compression;
  /** A power of two, 4 KiB to 1 MiB. */
  readonly blockBytes: number;
  /** Blocks compressed at once. */
  readonly threads: number;
}

/** Blocks of a layer that were compressed before, one behind the other from the beginning of a file. */
export interface CachedBlocks {
  readonly dataBytes: number;
  /** Stays open until {@link SquashfsWriter.finish} has answered. */
  readonly file: FileHandle;
  /** Copies them to a place in a file. @returns false when they are damaged. */
  copyTo(file: FileHandle, position: number): Promise<boolean>;
}

interface Adopted {
  readonly stretch: ByteRange;
  readonly file: FileHandle;
  readonly copied: Promise<boolean>;
}

/**
 * Writes a squashfs 4.0 into a part of a file: first the contents of files as they come, through {@link data}, then the
 * tree that refers to them.
 */
export class SquashfsWriter {
  readonly data: DataArea;
  readonly #file: FileHandle;
  readonly #base: number;
  readonly #dataStart: number;
  readonly #options: SquashfsOptions;
  readonly #fileThreads: FileThreads;
  readonly #codec: BlockCodec;
  readonly #lanes: WorkerPool;
  readonly #blocks: BlockWriter;
  readonly #adopted: Adopted[] = [];
  readonly #holds: Promise<unknown>[] = [];
  #layerStart: number;

  /**
   * @param base where the file system begins in the file.
   * @param fileThreads move blocks while the tables are made.
   */
  constructor(file: FileHandle, base: number, options: SquashfsOptions, fileThreads: FileThreads) {
    this.#dataStart = superblockLength + codecOptions(options.compression).length;
    this.#file = file;
    this.#base = base;
    this.#options = options;
    this.#fileThreads = fileThreads;
    this.#codec = blockCodec(options.compression, options.blockBytes);
    this.#lanes = new WorkerPool(this.#codec.openLanes(options.threads), (block) =>
      this.#codec.compressSync(block),
    );
    this.#blocks = new BlockWriter(file, this.#lanes, options.blockBytes, base, this.#dataStart);
    this.#layerStart = this.#dataStart;
    this.data = new DataArea(this.#blocks, options.blockBytes);
  }

  /** So many bytes of contents are about to come, or more: the threads may get ready. */
  expect(bytes: number): void {
    this.#lanes.expect(bytes);
  }

  /** Frees what compressing has taken; whatever came of it. */
  close(): void {
    this.#lanes.close();
  }

  /** Ends what belongs together: the blocks of a layer depend on this layer alone. @returns where they lie. */
  async endLayer(): Promise<ByteRange> {
    const from = this.#layerStart;
    await this.data.endLayer();
    this.#layerStart = this.#blocks.position;
    return { from, to: this.#layerStart };
  }

  /** Where a layer's blocks lie in the file, until {@link finish}. */
  inFile({ from, to }: ByteRange): ByteRange {
    return { from: this.#base + from, to: this.#base + to };
  }

  /**
   * Takes a layer's blocks as they are, right after {@link endLayer}. They are copied beside, and read where they are: a
   * file system is not to be used if they turn out to be damaged, unless the layer is given up.
   */
  adoptLayer(kept: CachedBlocks): Omit<Adopted, 'file'> {
    const { file, dataBytes } = kept;
    const from = this.#layerStart;
    this.#blocks.pass(dataBytes);
    this.#layerStart = this.#blocks.position;
    const copied = kept.copyTo(this.#file, this.#base + from);
    // Whoever awaits it later gets the error; until then it is not an unhandled one.
    copied.catch(() => undefined);
    const adopted = { stretch: { from, to: this.#layerStart }, file, copied };
    this.#adopted.push(adopted);
    this.holdUntil(copied);
    return adopted;
  }

  /** Moves no block before. */
  holdUntil(done: Promise<unknown>): void {
    this.#holds.push(done);
  }

  /**
   * Writes everything but the contents, which are there.
   *
   * @param order the layers that the tree uses, in the order in which their contents shall lie.
   * @param createdAt seconds since 1970, for the superblock.
   * @returns length of the file system.
   */
  async finish(
    root: DirectoryInode<FileContent>,
    order: readonly ByteRange[],
    createdAt: number,
  ): Promise<number> {
    const survey = numberInodes(root);
    const used = await this.#unify(survey.leaves);
    const { end: position, moves } = compactBlocks(this.#dataStart, used.all, order);
    const moving = this.#move(moves);
    let tables: SerializedTree;
    try {
      tables = serializeTree(survey, used.fragments(), position, this.#codec);
    } finally {
      await this.#fileThreads.helpWith(moving);
    }
    const { bytes, facts } = tables;
    await writeAt(this.#file, this.#base + position, bytes);
    const usedBytes = position + bytes.length;
    const front = Buffer.concat([
      superblockBytes(facts, { ...this.#options, createdAt }, usedBytes),
      codecOptions(this.#options.compression),
    ]);
    await writeAt(this.#file, this.#base, front);
    return usedBytes;
  }

  async #move(moves: Moves): Promise<void> {
    await Promise.all(this.#holds);
    await moveBlocks(this.#file, this.#base + this.#dataStart, moves, this.#fileThreads);
  }

  async #readStored(position: number, into: Buffer): Promise<void> {
    const kept = this.#adopted.find(({ stretch: { from, to } }) => from <= position && position < to);
    const { file, at } = kept
      ? { file: kept.file, at: position - kept.stretch.from }
      : { file: this.#file, at: this.#base + position };
    await file.read(into, 0, into.length, at);
  }

  /** Lets files of the same content share it. @returns the blocks that are used. */
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
