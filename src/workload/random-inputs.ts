import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { UsageError } from '../support/errors.ts';
import { elementCount, isFloat, type FixedDatatype } from '../triton/datatypes.ts';
import type { Tensor } from '../triton/inference-server.ts';
import { fillNormal, fillUniform } from './random-values.ts';
import { createArray, encodeArray, encodeScalars, getIntegerRange, type Scalar } from './scalars.ts';
import { noStoredInputs, takeRows, type StoredInput, type StoredInputs } from './stored-inputs.ts';
import type { Distribution, SizeRanges, Workload, WorkloadInput } from './workload-schema.ts';

/** Sizes of one request by name: `{ nodes: 2708, edges: 10556 }`. */
export type Sizes = Readonly<Record<string, number>>;

export interface RandomRequest {
  readonly sizes: Sizes;
  readonly inputs: readonly Tensor[];
}

/**
 * Yields the random requests of a workload. The same seed gives the same bytes on every machine and in every
 * run; request N does not depend on the number of requests.
 */
export function* generateRequests(
  { inputs, random }: Workload,
  stored: StoredInputs = noStoredInputs,
): Generator<RandomRequest> {
  if (random === undefined) {
    return;
  }
  const generator = xoroshiro128plus(random.seed);
  const rowsTaken = new Map<string, number>();
  for (let index = 0; index < random.requests; index += 1) {
    const sizes = { ...drawSizes(random.sizes, generator), ...stored.sizes };
    const tensor = ([name, input]: [string, WorkloadInput]): Tensor => {
      const { datatype } = input;
      const shape = resolveShape(input.shape, sizes);
      const array = stored.inputs.get(name);
      const bytes =
        array === undefined
          ? drawValues(name, input, shape, sizes, generator)
          : takeStoredValues(name, array, input, shape, rowsTaken);
      return { name, datatype, shape, bytes };
    };
    yield { sizes, inputs: Object.entries(inputs).map(tensor) };
  }
}

function drawSizes(ranges: SizeRanges, random: RandomGenerator): Sizes {
  return Object.fromEntries(
    Object.entries(ranges).map(([name, { min, max }]) => [name, uniformInt(random, min, max)]),
  );
}

/** Replaces names of sizes in a shape by the sizes. */
export function resolveShape(shape: readonly (number | string)[], sizes: Sizes): number[] {
  return shape.map((dimension) => resolveSize(dimension, sizes));
}

function resolveSize(value: number | string, sizes: Sizes): number {
  const number = typeof value === 'number' ? value : sizes[value];
  if (number === undefined) {
    throw new UsageError(`no size named "${value}" in random.sizes of the workload`);
  }
  return number;
}

/** Returns all of the array, or its next rows. */
function takeStoredValues(
  name: string,
  array: StoredInput,
  { datatype }: WorkloadInput,
  [count = 0]: readonly number[],
  taken: Map<string, number>,
): Uint8Array {
  if (!array.rows) {
    return array.bytes;
  }
  const start = taken.get(name) ?? 0;
  taken.set(name, start + count);
  return takeRows(array, datatype, { start, count });
}

function drawValues(
  name: string,
  { datatype, values }: WorkloadInput,
  shape: readonly number[],
  sizes: Sizes,
  random: RandomGenerator,
): Uint8Array {
  const count = elementCount(shape);
  if (count === 0) {
    return new Uint8Array();
  }
  switch (values?.distribution) {
    case 'constant':
      return encodeScalars(datatype, Array<Scalar>(count).fill(values.value));
    case 'choice': {
      const last = values.of.length - 1;
      const pick = () => values.of[uniformInt(random, 0, last)] ?? 0;
      return encodeScalars(datatype, Array.from({ length: count }, pick));
    }
    case 'normal':
    case 'uniform':
      return drawNumbers(name, datatype as FixedDatatype, values, count, sizes, random);
    case undefined:
      throw new UsageError(`inputs.${name}.values of the workload: missing, but random requests need it`);
  }
}

function drawNumbers(
  name: string,
  datatype: FixedDatatype,
  values: Extract<Distribution, { distribution: 'normal' | 'uniform' }>,
  count: number,
  sizes: Sizes,
  random: RandomGenerator,
): Uint8Array {
  const array = createArray(datatype, count);
  if (values.distribution === 'uniform') {
    const range = { min: values.min, below: resolveSize(values.below, sizes) };
    const fault = findRangeFault(range, datatype);
    if (fault !== undefined) {
      throw new UsageError(`inputs.${name}.values of the workload: ${fault}`, {
        fix: 'min is the smallest value, below is one more than the largest',
      });
    }
    fillUniform(array, range, random);
  } else if (array instanceof Float32Array || array instanceof Float64Array) {
    fillNormal(array, values, random);
  }
  return encodeArray(datatype, array);
}

/**
 * Explains why a range is empty or does not fit the type, where numbers would wrap around; undefined for a
 * usable range.
 */
function findRangeFault(
  { min, below }: { min: number; below: number },
  datatype: FixedDatatype,
): string | undefined {
  if (below <= min) {
    return `below is ${below}, min is ${min}`;
  }
  if (isFloat(datatype)) {
    return undefined;
  }
  const [lowest, highest] = getIntegerRange(datatype);
  const whole = Number.isSafeInteger(min) && Number.isSafeInteger(below);
  return whole && min >= lowest && below - 1 <= highest
    ? undefined
    : `min is ${min}, below is ${below}, but ${datatype} has whole numbers from ${lowest} to ${highest}`;
}
