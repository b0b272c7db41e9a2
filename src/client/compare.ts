import { decodeByteElements } from '../triton/byte-elements.ts';
import { decodeElements, isFloat } from '../triton/datatypes.ts';
import type { Tensor } from '../triton/inference-server.ts';
import type { Tolerance } from '../workload/workload-schema.ts';

export interface Comparison {
  /** Largest absolute difference of two elements; a text that differs counts as 1. */
  readonly largest: number;
  /** Element that is furthest beyond the tolerance, or not finite. */
  readonly worst?: Mismatch;
}

/** Two elements that differ, with their position. */
export interface Mismatch {
  /** Absolute difference; NaN when one of the two is not finite. */
  readonly difference: number;
  /** Index in each dimension. */
  readonly position: readonly number[];
  readonly expected: string;
  readonly actual: string;
}

/**
 * Compares two arrays of the same type and shape. As in NumPy's `allclose`, elements agree when
 * `|actual - expected| <= absolute + relative * |expected|`; texts agree when they are equal.
 */
export function compareTensors(expected: Tensor, actual: Tensor, tolerance: Tolerance): Comparison {
  if (expected.datatype === 'BYTES') {
    return compareTexts(expected, actual);
  }
  const wanted = decodeElements(expected.datatype, expected.bytes);
  const got = decodeElements(expected.datatype, actual.bytes);
  let largest = 0;
  let furthest = 0;
  let at = -1;
  for (let index = 0; index < wanted.length; index += 1) {
    const difference = subtractElements(wanted[index] ?? 0, got[index] ?? 0);
    if (!Number.isFinite(difference)) {
      largest = NaN;
      at = index;
      break;
    }
    largest = Math.max(largest, difference);
    const excess = difference - tolerance.absolute - tolerance.relative * Math.abs(Number(wanted[index]));
    if (excess > furthest) {
      furthest = excess;
      at = index;
    }
  }
  if (at < 0) {
    return { largest };
  }
  const [a = 0, b = 0] = [wanted[at], got[at]];
  const worst = { position: toPosition(at, expected.shape), expected: String(a), actual: String(b) };
  return { largest, worst: { ...worst, difference: subtractElements(a, b) } };
}

/**
 * Returns the difference of two elements. 64-bit integers are subtracted before they are rounded; two
 * infinities or NaN are equal.
 */
function subtractElements(a: number | bigint, b: number | bigint): number {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) {
    return 0;
  }
  return typeof a === 'bigint' && typeof b === 'bigint'
    ? Math.abs(Number(a - b))
    : Math.abs(Number(a) - Number(b));
}

function compareTexts(expected: Tensor, actual: Tensor): Comparison {
  const wanted = decodeByteElements(expected.bytes) ?? [];
  const got = decodeByteElements(actual.bytes) ?? [];
  const at = wanted.findIndex(
    (element, index) => Buffer.compare(element, got[index] ?? new Uint8Array()) !== 0,
  );
  if (at < 0) {
    return { largest: 0 };
  }
  const shown = (element: Uint8Array | undefined) =>
    JSON.stringify(
      Buffer.from(element ?? [])
        .toString('utf8')
        .slice(0, 100),
    );
  const position = toPosition(at, expected.shape);
  return {
    largest: 1,
    worst: { difference: 1, position, expected: shown(wanted[at]), actual: shown(got[at]) },
  };
}

/** Finds the first element that is infinite or not a number. */
export function findNotFinite({
  datatype,
  shape,
  bytes,
}: Tensor): { position: readonly number[]; actual: number } | undefined {
  if (datatype === 'BYTES' || !isFloat(datatype)) {
    return undefined;
  }
  const elements = decodeElements(datatype, bytes);
  for (let index = 0; index < elements.length; index += 1) {
    const value = Number(elements[index]);
    if (!Number.isFinite(value)) {
      return { position: toPosition(index, shape), actual: value };
    }
  }
  return undefined;
}

function toPosition(index: number, shape: readonly number[]): number[] {
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
