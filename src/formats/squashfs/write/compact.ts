import type { FileHandle } from 'node:fs/promises';
import type { FileThreads } from '../../../support/threads/file-threads.ts';
import type { Move } from '../../../support/threads/file-work.ts';
import type { StoredBlock } from '../file-content.ts';
import { reorder, type Run } from './reorder.ts';

/** Offsets of a layer's blocks in the file. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Moves that bring the blocks of a file to their final positions. Offsets are relative to the first block. */
export interface Moves {
  /** Moves towards the beginning that close the gaps, to be done one after the other. */
  readonly gapMoves: readonly Move[];
  /** Byte ranges in their final order, for the step after that. */
  readonly runs: readonly Run[];
}

/**
 * Assigns final positions to the used blocks, without gaps: blocks that upper layers hide take no space. Layers that
 * were written in another order than the final one are exchanged.
 *
 * @param start offset of the first block.
 * @param order every byte range that contains used blocks, in the final order.
 * @returns the offset after the last block, and the moves that bring the blocks there.
 */
export function compactBlocks(
  start: number,
  used: readonly StoredBlock[],
  order: readonly ByteRange[],
): { readonly end: number; readonly moves: Moves } {
  const blocks = used.toSorted((one, other) => one.position - other.position);
  const written = order
    .map((range, rank) => ({ ...range, rank, blocks: [] as StoredBlock[], at: 0, bytes: 0 }))
    .sort((one, other) => one.start - other.start);
  const inOrder = written.values();
  let layer = inOrder.next().value;
  for (const block of blocks) {
    while (layer !== undefined && block.position >= layer.end) {
      layer = inOrder.next().value;
    }
    layer?.blocks.push(block);
  }
  const { end, gapMoves } = compact(start, blocks);
  for (const one of written) {
    one.at = one.blocks[0]?.position ?? start;
    one.bytes = one.blocks.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
  }
  const finalOrder = written.toSorted((one, other) => one.rank - other.rank);
  let position = start;
  for (const block of finalOrder.flatMap(({ blocks: ofLayer }) => ofLayer)) {
    block.position = position;
    position += block.storedBytes;
  }
  return { end, moves: { gapMoves, runs: finalOrder.map(({ at, bytes }) => ({ at: at - start, bytes })) } };
}

/** Closes the gaps between blocks, which are sorted by position. */
function compact(start: number, blocks: readonly StoredBlock[]): { end: number; gapMoves: Move[] } {
  const gapMoves: Move[] = [];
  let end = start;
  let run = { from: start, to: start, bytes: 0 };
  const endRun = () => {
    if (run.from !== run.to) {
      gapMoves.push({ from: run.from - start, to: run.to - start, bytes: run.bytes });
    }
  };
  for (const block of blocks) {
    if (block.position !== run.from + run.bytes) {
      endRun();
      run = { from: block.position, to: end, bytes: 0 };
    }
    run.bytes += block.storedBytes;
    block.position = end;
    end += block.storedBytes;
  }
  endRun();
  return { end, gapMoves };
}

/** Moves the blocks. @param at offset of the first block in the file. */
export async function moveBlocks(
  file: FileHandle,
  at: number,
  { gapMoves, runs }: Moves,
  fileThreads: FileThreads,
): Promise<void> {
  await fileThreads.move(
    file,
    gapMoves.map(({ from, to, bytes }) => ({ from: at + from, to: at + to, bytes })),
  );
  await reorder(
    file,
    at,
    runs.map((run) => ({ at: at + run.at, bytes: run.bytes })),
  );
}
