import { elementCount, type Datatype } from '../triton/datatypes.ts';
import { NpyError } from '../formats/npy/npy.ts';
import { encodeScalars, findScalarFault, type Scalar } from './scalars.ts';

/**
 * Parses an array of nested lists: `[[1, 2], [3, 4]]`. Whole numbers are exact in every size.
 *
 * @throws {NpyError} for any other text, or a value that the type cannot represent.
 */
export function parseJsonArray(text: string, datatype: Datatype): { shape: number[]; bytes: Uint8Array } {
  let value: unknown;
  try {
    value = JSON.parse(text, exactNumber);
  } catch (error) {
    throw new NpyError(`not JSON: ${(error as Error).message}`, { cause: error });
  }
  const shape = measureShape(value);
  if (shape.length > maxDimensions) {
    throw new NpyError(`more than ${maxDimensions} levels of nested lists`);
  }
  const values: Scalar[] = [];
  collect(value, shape, [], values);
  const index = values.findIndex((one) => findScalarFault(datatype, one) !== undefined);
  const wrong = values[index];
  if (wrong !== undefined) {
    throw new NpyError(
      `element ${index} of ${elementCount(shape)}: ${findScalarFault(datatype, wrong) ?? ''}`,
    );
  }
  return { shape, bytes: encodeScalars(datatype, values) };
}

/** Revives large whole numbers as bigint: JSON's numbers lose the last digits of a large INT64. */
function exactNumber(_key: string, value: unknown, context?: { source?: string }): unknown {
  const isLarge = typeof value === 'number' && !Number.isSafeInteger(value);
  return isLarge && /^-?\d+$/.test(context?.source ?? '') ? BigInt(context?.source ?? '') : value;
}

/** Highest number of dimensions, as in NumPy. */
const maxDimensions = 64;

function measureShape(value: unknown): number[] {
  const shape: number[] = [];
  for (
    let inner = value;
    Array.isArray(inner) && shape.length <= maxDimensions;
    inner = inner[0] as unknown
  ) {
    shape.push(inner.length);
  }
  return shape;
}

function collect(
  value: unknown,
  shape: readonly number[],
  position: readonly number[],
  into: Scalar[],
): void {
  const [size, ...rest] = shape;
  const at = position.length === 0 ? '' : ` at [${position.join(', ')}]`;
  if (size !== undefined) {
    if (!Array.isArray(value) || value.length !== size) {
      const found = Array.isArray(value) ? `a list of ${value.length}` : 'a single value';
      throw new NpyError(`${found}${at}, but the first list has ${size} elements`);
    }
    value.forEach((inner, index) => {
      collect(inner, rest, [...position, index], into);
    });
  } else if (
    typeof value === 'string' ||
    typeof value === 'boolean' ||
    typeof value === 'number' ||
    typeof value === 'bigint'
  ) {
    into.push(value);
  } else {
    throw new NpyError(`${Array.isArray(value) ? 'a list' : 'no value'}${at}, but one value was expected`);
  }
}
