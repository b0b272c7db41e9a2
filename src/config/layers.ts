import type { Settings } from './schema.ts';

/** Settings of one origin: the command line, an environment variable, a file, a site, the built-in defaults. */
export interface Layer {
  /** Origin in words for people; a function where each value has its own position, as in a file. */
  readonly origin: string | ((path: readonly string[]) => string);
  readonly settings: Settings;
}

/** Value that is not an object of further keys, with its origin. */
export interface Leaf {
  /** Key path: `['slurm', 'gpu', 'count']`. */
  readonly path: readonly string[];
  readonly value: unknown;
  readonly origin: string;
}

/**
 * Merges layers, of which the first takes precedence. Objects are merged key by key; any other value,
 * including a list, replaces the one below it.
 */
export function mergeLayers(layers: readonly Layer[]): Settings {
  return layers.map((layer) => layer.settings).reduceRight<Values>(mergeValues, {});
}

/** Lists every value that results from {@link mergeLayers}, with the layer that it comes from. */
export function traceLayers(layers: readonly Layer[]): Leaf[] {
  return listLeaves(mergeLayers(layers), []).map(({ path, value }) => {
    // The first layer with a value at this path takes precedence when layers are merged.
    const origin =
      layers.find(({ settings }) => findValue(settings, path) !== undefined)?.origin ?? 'unknown';
    return { path, value, origin: typeof origin === 'string' ? origin : origin(path) };
  });
}

type Values = Readonly<Record<string, unknown>>;

function mergeValues(below: Values, above: Values): Values {
  const merged: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const under = merged[key];
    if (value !== undefined) {
      merged[key] = isPlainObject(value) && isPlainObject(under) ? mergeValues(under, value) : value;
    }
  }
  return merged;
}

function listLeaves(values: Values, path: readonly string[]): Pick<Leaf, 'path' | 'value'>[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const here = [...path, key];
    if (isPlainObject(value)) {
      return listLeaves(value, here);
    }
    return value === undefined ? [] : [{ path: here, value }];
  });
}

function findValue(values: Values, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (isPlainObject(value) ? value[key] : undefined), values);
}

function isPlainObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
