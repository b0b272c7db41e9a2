import type { Settings } from './schema.ts';

/** One origin of values: the command line, the environment, a file, the built-in defaults. */
export interface Layer {
  readonly origin: string;
  readonly settings: Settings;
}

/**
 * Lays settings over each other, the first layer on top. Objects are merged key by key; any other value, lists
 * included, replaces what lies below it.
 */
export function mergeLayers(layers: readonly Layer[]): Settings {
  return layers.map((layer) => layer.settings).reduceRight<Values>(overlay, {});
}

type Values = Readonly<Record<string, unknown>>;

function overlay(below: Values, above: Values): Values {
  const merged: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const under = merged[key];
    if (value !== undefined) {
      merged[key] = isPlainObject(value) && isPlainObject(under) ? overlay(under, value) : value;
    }
  }
  return merged;
}

function isPlainObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
