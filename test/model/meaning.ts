import type { PlainValue } from '../../src/model/config/access.ts';
import { enums } from '../../src/triton/model-config.ts';

/** Fields that Triton fills in when a configuration omits them. */
const filledIn = [
  /^(?:name|platform|backend|runtime|default_model_filename)$/,
  /^version_policy\.latest\.num_versions$/,
  /^optimization\.(?:in|out)put_pinned_memory\.enable$/,
  /^instance_group\.\d+\.(?:name|kind|count)$/,
  /^dynamic_batching\.preferred_batch_size\.0$/,
  /^sequence_batching\.max_sequence_idle_microseconds$/,
];

const firstValues = new Set(Object.values(enums).map(([first]) => first));

/** Lists the differences in meaning of two configurations: one read by hpc-gat, the other from Triton. */
export function differences(mine: PlainValue | undefined, theirs: unknown, place = ''): string[] {
  if (mine === undefined && (isDefault(theirs) || filledIn.some((pattern) => pattern.test(place)))) {
    return [];
  }
  if (typeof theirs === 'object' && theirs !== null && (mine === undefined || typeof mine === 'object')) {
    const ours = new Map(Object.entries(mine ?? {}));
    const others = new Map(Object.entries(theirs));
    return [...new Set([...ours.keys(), ...others.keys()])].flatMap((key) =>
      differences(ours.get(key), others.get(key), place === '' ? key : `${place}.${key}`),
    );
  }
  // JSON numbers above 2^53 arrive rounded, and floats travel in 32 bits.
  const equal =
    typeof theirs === 'number' ? Math.fround(Number(mine)) === Math.fround(theirs) : mine === theirs;
  return equal ? [] : [`${place}: ${shown(mine)} here, ${shown(theirs)} there`];
}

function isDefault(value: unknown): boolean {
  return (
    value === undefined ||
    value === '' ||
    value === 0 ||
    value === false ||
    (typeof value === 'string' && firstValues.has(value)) ||
    (typeof value === 'object' && Object.keys(value ?? {}).length === 0)
  );
}

function shown(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? Number(inner) : inner));
}
