import type { FileHandle } from 'node:fs/promises';
import { readAt } from '../../../support/files/file-access.ts';

/** Range of bytes in a file. */
export interface Run {
  readonly at: number;
  readonly bytes: number;
}

/** Size of one window; twice as much is held in memory. */
const defaultWindowBytes = 16 * 1024 * 1024;

/**
 * Reorders byte ranges of a file inside the region that they fill. Window by window from its start, the bytes that
 * belong there are exchanged with the bytes that are there. Each byte is moved at most twice.
 *
 * @param start offset of the region.
 * @param runs the ranges in their final order; together they fill the region.
 */
export async function reorder(
  file: FileHandle,
  start: number,
  runs: readonly Run[],
  windowBytes = defaultWindowBytes,
): Promise<void> {
  let pending = runs.filter(({ bytes }) => bytes > 0);
  let at = start;
  for (let [first] = pending; first !== undefined; [first] = pending) {
    if (first.at === at) {
      at += first.bytes;
      pending = pending.slice(1);
    } else {
      const [wanted, rest] = splitAfter(pending, windowBytes);
      pending = await fillWindow(file, at, wanted, rest);
      at += sum(wanted);
    }
  }
}

/** @returns the new positions of the rest. */
async function fillWindow(
  file: FileHandle,
  start: number,
  wanted: readonly Run[],
  rest: readonly Run[],
): Promise<Run[]> {
  const end = start + sum(wanted);
  const inside = ({ at, bytes }: Run): Run => ({ at, bytes: clamp(end - at, bytes) });
  const outside = ({ at, bytes }: Run): Run => {
    const before = clamp(end - at, bytes);
    return { at: at + before, bytes: bytes - before };
  };
  const arriving = await readRuns(file, wanted);
  const leaving = await readRuns(file, rest.map(inside));
  let free = wanted.map(outside).filter(({ bytes }) => bytes > 0);
  let moved = 0;
  const result: Run[] = [];
  for (const run of rest) {
    const [places, others] = splitAfter(free, inside(run).bytes);
    free = others;
    for (const { at, bytes } of places) {
      await file.write(leaving, moved, bytes, at);
      moved += bytes;
    }
    result.push(...places, outside(run));
  }
  await file.write(arriving, 0, arriving.length, start);
  return result.filter(({ bytes }) => bytes > 0);
}

function splitAfter(runs: readonly Run[], length: number): [before: Run[], behind: Run[]] {
  const before: Run[] = [];
  const behind: Run[] = [];
  let left = length;
  for (const { at, bytes } of runs) {
    const here = clamp(left, bytes);
    left -= here;
    if (here > 0) {
      before.push({ at, bytes: here });
    }
    if (here < bytes) {
      behind.push({ at: at + here, bytes: bytes - here });
    }
  }
  return [before, behind];
}

async function readRuns(file: FileHandle, runs: readonly Run[]): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (const { at, bytes } of runs) {
    if (bytes > 0) {
      pieces.push(await readAt(file, at, bytes));
    }
  }
  return Buffer.concat(pieces);
}

function sum(runs: readonly Run[]): number {
  return runs.reduce((total, { bytes }) => total + bytes, 0);
}

function clamp(value: number, most: number): number {
  return Math.min(Math.max(value, 0), most);
}
