import type { FileHandle } from 'node:fs/promises';
import type { FileThreads } from '../../../support/threads/file-threads.ts';
import type { Move } from '../../../support/threads/file-work.ts';
import type { StoredBlock } from '../file-content.ts';
import { reorder, type Run } from './reorder.ts';

/** From where to where the blocks of a layer were written. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** What has to be done to a file so that its blocks lie where they are said to lie. Places are from the first block's. */
export interface Moves {
  /** Towards the beginning, one after the other. */
  readonly together: readonly Move[];
  /** Then, in the order in which they shall lie. */
  readonly runs: readonly Run[];
}

/**
 * Gives the blocks that are used their last places, one behind the other: what upper layers have hidden takes none.
 * Layers that were written in another order than they are wanted in change places.
 *
 * @param start where the first block lies.
 * @param order every stretch that holds used blocks, in the order in which they shall lie.
 * @returns where the last block ends, and what brings them there.
 */
export function compactBlocks(
  start: number,
  used: readonly StoredBlock[],
  order: readonly ByteRange[],
): { readonly end: number; readonly moves: Moves } {
  const blocks = used.toSorted((one, other) => one.position - other.position);
  const written = order
    .map((stretch, rank) => ({ ...stretch, rank, blocks: [] as StoredBlock[], at: 0, bytes: 0 }))
    .sort((one, other) => one.from - other.from);
  const inOrder = written.values();
  let layer = inOrder.next().value;
  for (const block of blocks) {
    while (layer !== undefined && block.position >= layer.to) {
      layer = inOrder.next().value;
    }
    layer?.blocks.push(block);
  }
  const { end, together } = compact(start, blocks);
  for (const one of written) {
    one.at = one.blocks[0]?.position ?? start;
    one.bytes = one.blocks.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
  }
  const wanted = written.toSorted((one, other) => one.rank - other.rank);
  let position = start;
  for (const block of wanted.flatMap(({ blocks: ofLayer }) => ofLayer)) {
    block.position = position;
    position += block.storedBytes;
  }
  return { end, moves: { together, runs: wanted.map(({ at, bytes }) => ({ at: at - start, bytes })) } };
}

/** Closes the gaps between blocks, which are sorted by their places. */
function compact(start: number, blocks: readonly StoredBlock[]): { end: number; together: Move[] } {
  const together: Move[] = [];
  let end = start;
  let run = { from: start, to: start, bytes: 0 };
  const endRun = () => {
    if (run.from !== run.to) {
      together.push({ from: run.from - start, to: run.to - start, bytes: run.bytes });
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
  return { end, together };
}

/** @param at where in the file the first block lies. */
export async function moveBlocks(
  file: FileHandle,
  at: number,
  { together, runs }: Moves,
  fileThreads: FileThreads,
): Promise<void> {
  await fileThreads.move(
    file,
    together.map(({ from, to, bytes }) => ({ from: at + from, to: at + to, bytes })),
  );
  await reorder(
    file,
    at,
    runs.map((run) => ({ at: at + run.at, bytes: run.bytes })),
  );
}
