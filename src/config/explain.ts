import { alignColumns } from '../support/text/table.ts';
import { type Leaf, traceLayers } from './layers.ts';
import type { LayeredProject } from './load.ts';

/** One value of a project, for `config show`. */
export interface ExplainedValue {
  /** Key path, with dots between the keys. */
  readonly key: string;
  readonly value: unknown;
  readonly origin: string;
  /** Reason why a run would not use the value; undefined when it does. */
  readonly unused: string | undefined;
}

/**
 * Lists every value with its origin, as a run with `--gpu` uses them if `gpu` is set, else as a run without
 * it.
 */
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

/** Formats the values, one per line. */
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

/**
 * Applies the rule of `createDirectives` (src/slurm): with `--gpu`, values in `slurm.gpu` take precedence
 * over those in `slurm`.
 */
function explainUnused({ path }: Leaf, keys: ReadonlySet<string>, gpu: boolean): string | undefined {
  const [section, key = ''] = path;
  if (section !== 'slurm') {
    return undefined;
  }
  if (key === 'gpu') {
    return gpu ? undefined : 'no --gpu';
  }
  const forGpu = `slurm.gpu.${key}`;
  return gpu && keys.has(forGpu) ? `${forGpu} goes before it` : undefined;
}
