import { datatypes, elementsOf, type Datatype } from '../triton/datatypes.ts';
import type { Tensor } from '../triton/inference-server.ts';

/** Two elements that differ, and where. */
export interface Difference {
  /** Absolute difference; NaN when one of the two is not finite. */
  readonly difference: number;
  /** Index in each dimension. */
  readonly position: readonly number[];
  readonly expected: number;
  readonly actual: number;
}

/**
 * The largest absolute difference of two arrays of the same type and shape; one that is not finite counts
 * as larger than any. Undefined for arrays without elements.
 */
export function largestDifference(
  datatype: Datatype,
  shape: readonly number[],
  expected: Uint8Array,
  actual: Uint8Array,
): Difference | undefined {
  const wanted = elementsOf(datatype, expected);
  const got = elementsOf(datatype, actual);
  let largest = -1;
  let at = -1;
  for (let index = 0; index < wanted.length; index += 1) {
    const difference = Math.abs(Number(wanted[index]) - Number(got[index]));
    if (!Number.isFinite(difference)) {
      at = index;
      largest = NaN;
      break;
    }
    if (difference > largest) {
      largest = difference;
      at = index;
    }
  }
  if (at < 0) {
    return undefined;
  }
  return {
    difference: largest,
    position: positionOf(at, shape),
    expected: Number(wanted[at]),
    actual: Number(got[at]),
  };
}

/** Where the first element stands that is infinite or not a number, and which. */
export function firstNotFinite({
  datatype,
  shape,
  bytes,
}: Tensor): Omit<Difference, 'difference' | 'expected'> | undefined {
  if (!datatypes[datatype].numpy.includes('f')) {
    return undefined;
  }
  const elements = elementsOf(datatype, bytes);
  for (let index = 0; index < elements.length; index += 1) {
    const value = Number(elements[index]);
    if (!Number.isFinite(value)) {
      return { position: positionOf(index, shape), actual: value };
    }
  }
  return undefined;
}

function positionOf(index: number, shape: readonly number[]): number[] {
  let rest = index;
  return shape
    .toReversed()
    .map((size) => {
      const position = rest % size;
      rest = Math.floor(rest / size);
      return position;
    })
    .reverse();
}
