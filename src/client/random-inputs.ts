import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { UsageError } from '../support/errors.ts';
import { datatypes, elementCount, type Datatype } from '../triton/datatypes.ts';
import type { Tensor } from '../triton/inference-server.ts';
import { fillNormal, fillUniform } from './random-values.ts';
import type { SizeRanges, Workload, WorkloadInput } from './workload.ts';

/** The sizes drawn for one request by name: `{ nodes: 2708, edges: 10556 }`. */
export type Sizes = Readonly<Record<string, number>>;

export interface RandomRequest {
  readonly sizes: Sizes;
  readonly inputs: readonly Tensor[];
}

/**
 * Makes the random requests of a workload one after the other. The same seed gives the same bytes on every
 * machine and in every run; request N does not depend on how many follow.
 */
export function* randomRequests({ inputs, random }: Workload): Generator<RandomRequest> {
  if (random === undefined) {
    return;
  }
  const generator = xoroshiro128plus(random.seed);
  for (let index = 0; index < random.requests; index += 1) {
    const sizes = drawSizes(random.sizes, generator);
    yield {
      sizes,
      inputs: Object.entries(inputs).map(([name, input]) => drawTensor(name, input, sizes, generator)),
    };
  }
}

function drawSizes(ranges: SizeRanges, random: RandomGenerator): Sizes {
  return Object.fromEntries(
    Object.entries(ranges).map(([name, { min, max }]) => [name, uniformInt(random, min, max)]),
  );
}

/** The dimensions with the names of sizes replaced by the sizes. */
export function resolveShape(shape: readonly (number | string)[], sizes: Sizes): number[] {
  return shape.map((dimension) => resolve(dimension, sizes));
}

function resolve(value: number | string, sizes: Sizes): number {
  const number = typeof value === 'number' ? value : sizes[value];
  if (number === undefined) {
    throw new UsageError(`no size called "${value}" in random.sizes of the workload`);
  }
  return number;
}

function drawTensor(name: string, input: WorkloadInput, sizes: Sizes, random: RandomGenerator): Tensor {
  const { datatype, values } = input;
  const shape = resolveShape(input.shape, sizes);
  const array = zeros(datatype, elementCount(shape));
  if (values?.distribution === 'normal' && (array instanceof Float32Array || array instanceof Float64Array)) {
    fillNormal(array, values, random);
  } else if (values?.distribution === 'uniform') {
    const range = { min: values.min, below: resolve(values.below, sizes) };
    const fault = rangeFault(range, datatype);
    if (fault !== undefined) {
      throw new UsageError(`inputs.${name}.values of the workload: ${fault}`, {
        fix: 'min is the smallest value, below is one more than the largest',
      });
    }
    fillUniform(array, range, random);
  }
  return { name, datatype, shape, bytes: new Uint8Array(array.buffer) };
}

/** Why a range is empty or does not fit the type, where numbers would wrap around unseen. */
function rangeFault({ min, below }: { min: number; below: number }, datatype: Datatype): string | undefined {
  if (below <= min) {
    return `below is ${below}, min is ${min}`;
  }
  if (datatype.startsWith('FP')) {
    return undefined;
  }
  const bits = 8 * datatypes[datatype].sizeBytes;
  const [lowest, highest] =
    datatype === 'BOOL'
      ? [0, 2]
      : datatype.startsWith('U')
        ? [0, 2 ** bits]
        : [-(2 ** (bits - 1)), 2 ** (bits - 1)];
  const whole = Number.isSafeInteger(min) && Number.isSafeInteger(below);
  return whole && min >= lowest && below <= highest
    ? undefined
    : `min is ${min}, below is ${below}, but ${datatype} takes whole numbers from ${lowest} to ${highest - 1}`;
}

function zeros(datatype: Datatype, length: number) {
  switch (datatype) {
    case 'BOOL':
    case 'UINT8':
      return new Uint8Array(length);
    case 'UINT16':
      return new Uint16Array(length);
    case 'UINT32':
      return new Uint32Array(length);
    case 'UINT64':
      return new BigUint64Array(length);
    case 'INT8':
      return new Int8Array(length);
    case 'INT16':
      return new Int16Array(length);
    case 'INT32':
      return new Int32Array(length);
    case 'INT64':
      return new BigInt64Array(length);
    case 'FP32':
      return new Float32Array(length);
    case 'FP64':
      return new Float64Array(length);
    case 'FP16':
      throw new UsageError('random values of type FP16 cannot be made', {
        fix: 'test an FP16 model by reference cases only: remove `random` from the workload',
      });
  }
}
