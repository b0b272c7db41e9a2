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
  const expectedElements = decodeElements(expected.datatype, expected.bytes);
  const actualElements = decodeElements(expected.datatype, actual.bytes);
  let largest = 0;
  let furthest = 0;
  let at = -1;
  for (let index = 0; index < expectedElements.length; index += 1) {
    const difference = subtractElements(expectedElements[index] ?? 0, actualElements[index] ?? 0);
    if (!Number.isFinite(difference)) {
      largest = NaN;
      at = index;
      break;
    }
    largest = Math.max(largest, difference);
    const excess =
      difference - tolerance.absolute - tolerance.relative * Math.abs(Number(expectedElements[index]));
    if (excess > furthest) {
      furthest = excess;
      at = index;
    }
  }
  if (at < 0) {
    return { largest };
  }
  const [a = 0, b = 0] = [expectedElements[at], actualElements[at]];
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
  const expectedElements = decodeByteElements(expected.bytes) ?? [];
  const actualElements = decodeByteElements(actual.bytes) ?? [];
  const at = expectedElements.findIndex(
    (element, index) => Buffer.compare(element, actualElements[index] ?? new Uint8Array()) !== 0,
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
    worst: {
      difference: 1,
      position,
      expected: shown(expectedElements[at]),
      actual: shown(actualElements[at]),
    },
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
