import type { Fault } from './fault.ts';
import { measure } from './measure.ts';
import type { Measurement } from './measurement.ts';

/** Nodes on which faults run at the same time. */
const nodes = ['cpu1', 'cpu2'] as const;

interface Waiting {
  readonly fault: Fault;
  /** Runs a fault on a node; resolves when it is over, even after a failure. */
  readonly start: (node: string) => Promise<unknown>;
}

/** Runs faults, first those that can share the lab, each on its own node, and returns the pending results by name. */
export function startFaults(faults: readonly Fault[]): Map<string, Promise<Measurement>> {
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
    // A failure is reported by the test of that name, which may not have started yet.
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
  await Promise.all(nodes.map(drain));
  for (const { start } of alone) {
    await start(nodes[0]);
  }
}
