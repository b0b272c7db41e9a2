import { setTimeout as delay } from 'node:timers/promises';
import { leaksBetween, type Leak } from './compare.ts';
import { takeSnapshot, type Snapshot } from './snapshot.ts';

const pauseMs = 250;

/**
 * Looks again at the places of an earlier snapshot, until nothing is there that was not there then.
 *
 * @param withinMs how long what is just ending may take: Slurm's epilogue, a container's last process
 * @returns what is left after that time
 */
export async function lookAgain(before: Snapshot, withinMs: number): Promise<Leak[]> {
  const end = Date.now() + withinMs;
  for (;;) {
    const leaks = leaksBetween(before, takeSnapshot(before.places));
    if (leaks.length === 0 || Date.now() >= end) {
      return leaks;
    }
    await delay(pauseMs);
  }
}
