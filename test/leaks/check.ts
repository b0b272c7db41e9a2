import { setTimeout as delay } from 'node:timers/promises';
import { leaksBetween, type Leak } from './compare.ts';
import { takeSnapshot, type Snapshot } from './snapshot.ts';

const pauseMs = 250;

/**
 * Checks the places of an earlier snapshot repeatedly, until they contain nothing new.
 *
 * @param withinMs time limit for processes that are just ending: Slurm's epilogue, the last process of a container
 * @returns the leaks after that time
 */
export async function checkAgain(before: Snapshot, withinMs: number): Promise<Leak[]> {
  const end = Date.now() + withinMs;
  for (;;) {
    const leaks = leaksBetween(before, takeSnapshot(before.places));
    if (leaks.length === 0 || Date.now() >= end) {
      return leaks;
    }
    await delay(pauseMs);
  }
}
