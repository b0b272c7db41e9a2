import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { normalCdf, normalQuantile } from './normal-quantile.ts';
import type { Floats, Integers } from './scalars.ts';
import type { Distribution } from './workload-schema.ts';

type NormalDistribution = Extract<Distribution, { distribution: 'normal' }>;

/**
 * Fills an array of zeros with normally distributed values, clipped.
 *
 * Where more than half of the values would be clipped to one bound, the lengths of the runs between the
 * others are drawn (they are geometrically distributed) instead of the values: this is exact, and its cost
 * grows with the number of other values.
 */
export function fillNormal(values: Floats, normal: NormalDistribution, random: RandomGenerator): void {
  const { mean, standardDeviation, clip: [low, high] = [-Infinity, Infinity] } = normal;
  const atLow = normalCdf((low - mean) / standardDeviation);
  const atHigh = normalCdf((mean - high) / standardDeviation);
  // `side` is the tail from which the other values are counted, as probabilities in (0, share).
  const [filling, share, side] =
    atLow > 0.5 ? [low, 1 - atLow, -1] : atHigh > 0.5 ? [high, 1 - atHigh, 1] : [0, 1, 1];
  if (filling !== 0) {
    values.fill(filling);
  }
  if (share === 0) {
    return;
  }
  const logStay = Math.log(1 - share);
  for (let index = -1; ;) {
    index += 1 + Math.floor(Math.log(drawPositiveUniform(random)) / logStay);
    if (index >= values.length) {
      return;
    }
    const value = mean + side * standardDeviation * normalQuantile(share * drawPositiveUniform(random));
    values[index] = value < low ? low : value > high ? high : value;
  }
}

/** Draws a uniform number in (0, 1], whose logarithm exists. */
function drawPositiveUniform(random: RandomGenerator): number {
  return 1 - uniformFloat64(random);
}

/** Fills an array with values from `min` (included) to `below` (excluded). */
export function fillUniform(
  values: Floats | Integers,
  { min, below }: { min: number; below: number },
  random: RandomGenerator,
): void {
  if (values instanceof Float32Array || values instanceof Float64Array) {
    for (let index = 0; index < values.length; index += 1) {
      values[index] = min + (below - min) * uniformFloat64(random);
    }
  } else if (values instanceof BigInt64Array || values instanceof BigUint64Array) {
    for (let index = 0; index < values.length; index += 1) {
      values[index] = BigInt(uniformInt(random, min, below - 1));
    }
  } else {
    for (let index = 0; index < values.length; index += 1) {
      values[index] = uniformInt(random, min, below - 1);
    }
  }
}
