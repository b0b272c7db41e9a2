import type { Fault } from './fault.ts';
import { measure } from './measure.ts';
import type { Measurement } from './measurement.ts';

/** Faults are provoked on these nodes at the same time. */
const lanes = ['cpu1', 'cpu2'] as const;

interface Waiting {
  readonly fault: Fault;
  /** Provokes it on a node; resolves when that is over, however it went. */
  readonly start: (node: string) => Promise<unknown>;
}

/** Provokes faults, those first that can share the lab, each on a node of its own; gives what will come out, by name. */
export function provokeAll(faults: readonly Fault[]): Map<string, Promise<Measurement>> {
  const outcomes = new Map<string, Promise<Measurement>>();
  const waiting: Waiting[] = [];
  for (const fault of faults) {
    const outcome = new Promise<Measurement>((resolve) => {
      const start = (node: string) => {
        const measured = measure(fault, node);
        resolve(measured);
        return Promise.allSettled([measured]);
      };
      waiting.push({ fault, start });
    });
    // A failure is told by the test of that name, which may not have begun yet.
    outcome.catch(() => undefined);
    outcomes.set(fault.name, outcome);
  }
  void startAll(waiting);
  return outcomes;
}

async function startAll(waiting: readonly Waiting[]): Promise<void> {
  const alone = waiting.filter(({ fault }) => fault.alone === true);
  const sharing = waiting.filter((entry) => !alone.includes(entry));
  const drain = async (node: string) => {
    for (let next = sharing.shift(); next !== undefined; next = sharing.shift()) {
      await next.start(node);
    }
  };
  await Promise.all(lanes.map(drain));
  for (const { start } of alone) {
    await start(lanes[0]);
  }
}
