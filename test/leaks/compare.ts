import { kinds, type Kind, type Snapshot } from './snapshot.ts';

/** A new object. */
export interface Leak {
  readonly node: string;
  readonly kind: Kind | 'node';
  readonly what: string;
}

/** Lists the objects in `after` that are not in `before`; a second copy counts. */
export function leaksBetween(before: Snapshot, after: Snapshot): Leak[] {
  return Object.entries(before.nodes).flatMap(([node, then]): Leak[] => {
    const now = after.nodes[node];
    if (now === undefined) {
      return [{ node, kind: 'node', what: 'was not looked at again' }];
    }
    if (now.first !== then.first) {
      return [{ node, kind: 'node', what: 'went down, or was started again' }];
    }
    return kinds.flatMap((kind) => added(then[kind], now[kind]).map((what) => ({ node, kind, what })));
  });
}

/** Formats a leak as "gpu1: shared memory: /dev/shm/x". */
export function describeLeak({ node, kind, what }: Leak): string {
  const words = kind.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return `${node}: ${words}: ${what}`;
}

function added(before: readonly string[], after: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const line of before) {
    left.set(line, (left.get(line) ?? 0) + 1);
  }
  return after.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  });
}
