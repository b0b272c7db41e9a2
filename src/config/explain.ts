import { alignColumns } from '../support/text/table.ts';
import { type Leaf, traceLayers } from './layers.ts';
import type { LayeredProject } from './load.ts';

/** One value of a project, as `config show` tells it. */
export interface ExplainedValue {
  /** The keys that lead to it, with dots between. */
  readonly key: string;
  readonly value: unknown;
  readonly origin: string;
  /** Why a run would not use it: undefined when it does. */
  readonly unused: string | undefined;
}

/** Every value with its origin; with `gpu` as a run with `--gpu` uses them, else as one without. */
export function explainSettings(project: LayeredProject, gpu: boolean): ExplainedValue[] {
  const leaves = traceLayers(project.layers);
  const keys = new Set(leaves.map(formatKey));
  return [
    { key: 'site', value: project.site, origin: project.siteOrigin, unused: undefined },
    ...leaves.map((leaf) => ({
      key: formatKey(leaf),
      value: leaf.value,
      origin: leaf.origin,
      unused: explainUnused(leaf, keys, gpu),
    })),
  ];
}

/** A line each. */
export function formatSettings(values: readonly ExplainedValue[]): string[] {
  return alignColumns(
    values.map(({ key, value, origin, unused }) => [
      key,
      typeof value === 'string' ? value : JSON.stringify(value),
      unused === undefined ? origin : `${origin} (not used: ${unused})`,
    ]),
  );
}

function formatKey({ path }: Leaf): string {
  return path.join('.');
}

/** The rule of `createDirectives` (src/slurm): with `--gpu`, what stands in `slurm.gpu` goes before what stands in `slurm`. */
function explainUnused({ path }: Leaf, keys: ReadonlySet<string>, gpu: boolean): string | undefined {
  const [room, key = ''] = path;
  if (room !== 'slurm') {
    return undefined;
  }
  if (key === 'gpu') {
    return gpu ? undefined : 'no --gpu';
  }
  const forGpu = `slurm.gpu.${key}`;
  return gpu && keys.has(forGpu) ? `${forGpu} goes before it` : undefined;
}
