import type { Settings } from './schema.ts';

/** One origin of values: the command line, a variable of the environment, a file, a site, the built-in defaults. */
export interface Layer {
  /** In a person's words; a function where each value has a place of its own, as in a file. */
  readonly origin: string | ((path: readonly string[]) => string);
  readonly settings: Settings;
}

/** A value that is no object of further keys, and where it comes from. */
export interface Leaf {
  /** The keys that lead to it: `['slurm', 'gpu', 'count']`. */
  readonly path: readonly string[];
  readonly value: unknown;
  readonly origin: string;
}

/**
 * Lays settings over each other, the first layer on top. Objects are merged key by key; any other value, lists
 * included, replaces what lies below it.
 */
export function mergeLayers(layers: readonly Layer[]): Settings {
  return layers.map((layer) => layer.settings).reduceRight<Values>(mergeValues, {});
}

/** Every value that holds after {@link mergeLayers}, each with the layer it was taken from. */
export function traceLayers(layers: readonly Layer[]): Leaf[] {
  return listLeaves(mergeLayers(layers), []).map(({ path, value }) => {
    // The first layer that has a value there is the one that won: that is what merging means.
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
