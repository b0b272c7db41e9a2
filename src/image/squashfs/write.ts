import type { FileHandle } from 'node:fs/promises';
import { writeAt } from '../../support/files.ts';
import type { FileThreads } from '../../support/threads/file-threads.ts';
import type { Compression } from '../compression.ts';
import type { DirectoryInode } from '../layer/inode.ts';
import { BlockWriter } from './block-writer.ts';
import { blockCodec, type BlockCodec } from './codec.ts';
import type { FileContent } from './content.ts';
import { DataArea } from './data-area.ts';
import { Duplicates } from './duplicates.ts';
import { encodeTree, type EncodedTree } from './encode-tree.ts';
import { Lanes } from './lanes.ts';
import { superblockLength } from './layout.ts';
import { moveBlocks, squeeze, type Stretch } from './squeeze.ts';
import { codecOptions, superblockBytes } from './superblock-bytes.ts';
import { surveyTree, type SurveyedLeaf } from './survey.ts';
import { UsedBlocks } from './used-blocks.ts';

export interface SquashfsOptions {
  readonly compression: Compression;
  /** A power of two, 4 KiB to 1 MiB. */
  readonly blockBytes: number;
  /** Blocks compressed at once. */
  readonly threads: number;
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
  readonly #lanes: Lanes;
  readonly #blocks: BlockWriter;
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
    this.#lanes = new Lanes(this.#codec.openLanes(options.threads), (block) =>
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
  async endLayer(): Promise<Stretch> {
    const from = this.#layerStart;
    await this.data.endLayer();
    this.#layerStart = this.#blocks.position;
    return { from, to: this.#layerStart };
  }

  /** Where a layer's blocks lie in the file, until {@link finish}. */
  inFile({ from, to }: Stretch): Stretch {
    return { from: this.#base + from, to: this.#base + to };
  }

  /**
   * Leaves room for a layer's blocks that are compressed already, right after {@link endLayer}: they are to be there before
   * {@link finish}, unless the layer is given up.
   */
  adoptLayer(bytes: number): Stretch {
    const from = this.#layerStart;
    this.#blocks.pass(bytes);
    this.#layerStart = this.#blocks.position;
    return { from, to: this.#layerStart };
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
    order: readonly Stretch[],
    createdAt: number,
  ): Promise<number> {
    const survey = surveyTree(root);
    const used = await this.#unify(survey.leaves);
    const { end: position, moves } = squeeze(this.#dataStart, used.all, order);
    const moving = moveBlocks(this.#file, this.#base + this.#dataStart, moves, this.#fileThreads);
    let tables: EncodedTree;
    try {
      tables = encodeTree(survey, used.fragments(), position, this.#codec);
    } finally {
      await moving;
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

  /** Lets files of the same content share it. @returns the blocks that are used. */
  async #unify(leaves: readonly SurveyedLeaf<FileContent>[]): Promise<UsedBlocks> {
    const duplicates = new Duplicates(this.#file, this.#base, this.#codec, this.#options.blockBytes);
    const used = new UsedBlocks();
    for (const { inode } of leaves) {
      if (inode.kind === 'file') {
        const first = duplicates.firstOf(inode.content);
        inode.content = first instanceof Promise ? await first : first;
        used.add(inode.content);
      }
    }
    return used;
  }
}
