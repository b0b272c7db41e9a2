import type { FileHandle } from 'node:fs/promises';
import { writeAt } from '../../support/files.ts';
import type { StoredBlock } from './content.ts';
import { reorder } from './reorder.ts';

/** Copied at once. */
const copyBytes = 4 * 1024 * 1024;

/** From where to where the blocks of a layer were written. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/**
 * Moves the blocks that are used together, towards the beginning: what upper layers have hidden takes no place. Layers
 * that were written in another order than they are wanted in change places.
 *
 * @param base where the file system begins in the file; other places are from there.
 * @param start where its first block lies.
 * @param order every stretch that holds used blocks, in the order in which they shall lie.
 * @returns where the last block ends.
 */
export async function squeeze(
  file: FileHandle,
  base: number,
  start: number,
  used: Iterable<StoredBlock>,
  order: readonly Stretch[],
): Promise<number> {
  const blocks = [...used].sort((one, other) => one.position - other.position);
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
  const end = await compact(file, base, start, blocks);
  for (const one of written) {
    one.at = one.blocks[0]?.position ?? start;
    one.bytes = one.blocks.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
  }
  const wanted = written.toSorted((one, other) => one.rank - other.rank);
  await reorder(
    file,
    base + start,
    wanted.map(({ at, bytes }) => ({ at: base + at, bytes })),
  );
  let position = start;
  for (const block of wanted.flatMap(({ blocks: ofLayer }) => ofLayer)) {
    block.position = position;
    position += block.storedBytes;
  }
  return end;
}

/** Closes the gaps between blocks, which are sorted by their places. @returns where the last one ends. */
async function compact(
  file: FileHandle,
  base: number,
  start: number,
  blocks: readonly StoredBlock[],
): Promise<number> {
  let end = start;
  let run: { from: number; to: number; bytes: number } = { from: start, to: start, bytes: 0 };
  for (const block of blocks) {
    if (block.position !== run.from + run.bytes) {
      await move(file, base, run);
      run = { from: block.position, to: end, bytes: 0 };
    }
    run.bytes += block.storedBytes;
    block.position = end;
    end += block.storedBytes;
  }
  await move(file, base, run);
  return end;
}

async function move(
  file: FileHandle,
  base: number,
  { from, to, bytes }: { from: number; to: number; bytes: number },
): Promise<void> {
  if (from === to) {
    return;
  }
  const buffer = Buffer.allocUnsafe(Math.min(bytes, copyBytes));
  for (let done = 0; done < bytes; done += copyBytes) {
    const length = Math.min(copyBytes, bytes - done);
    await file.read(buffer, 0, length, base + from + done);
    await writeAt(file, base + to + done, buffer.subarray(0, length));
  }
}
