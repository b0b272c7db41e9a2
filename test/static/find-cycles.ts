/**
 * Finds the groups of nodes that reach each other (strongly connected components), and nodes with an edge to
 * themselves. Nodes within a group are sorted.
 */
export function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const indexes = new Map<string, number>();
  const lowest = new Map<string, number>();
  const path: string[] = [];
  const cycles: string[][] = [];
  const visit = (node: string): number => {
    const index = indexes.size;
    indexes.set(node, index);
    lowest.set(node, index);
    path.push(node);
    const targets = graph.get(node) ?? [];
    for (const target of targets) {
      const reached = indexes.has(target)
        ? path.includes(target)
          ? (indexes.get(target) ?? index)
          : index
        : visit(target);
      lowest.set(node, Math.min(lowest.get(node) ?? index, reached));
    }
    if (lowest.get(node) === index) {
      const group = path.splice(path.indexOf(node));
      if (group.length > 1 || targets.includes(node)) {
        cycles.push(group.sort());
      }
    }
    return lowest.get(node) ?? index;
  };
  for (const node of graph.keys()) {
    if (!indexes.has(node)) {
      visit(node);
    }
  }
  return cycles;
}
