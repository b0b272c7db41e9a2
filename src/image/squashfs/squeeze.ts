import type { FileHandle } from 'node:fs/promises';
import { writeAt } from '../../support/files.ts';
import type { StoredBlock } from './content.ts';

/** Copied at once. */
const copyBytes = 4 * 1024 * 1024;

/**
 * Moves the blocks that are used together, towards the beginning, in the order in which they lie: what upper layers
 * have hidden takes no place.
 *
 * @param base where the file system begins in the file.
 * @param start where its first block lies, from that beginning.
 * @returns where the last one ends.
 */
export async function squeeze(
  file: FileHandle,
  base: number,
  start: number,
  used: Iterable<StoredBlock>,
): Promise<number> {
  const blocks = [...used].sort((one, other) => one.position - other.position);
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
