import { encodeByteElements } from '../triton/byte-elements.ts';
import { fixedDatatypes, isFloat, type Datatype, type FixedDatatype } from '../triton/datatypes.ts';
import { bfloat16, encodeFloat, half } from '../triton/small-floats.ts';

/** Single value as YAML and JSON write it. */
export type Scalar = number | bigint | boolean | string;

/** Explains why a value cannot be an element of a type; undefined when it can. */
export function findScalarFault(datatype: Datatype, value: Scalar): string | undefined {
  const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
  if (datatype === 'BYTES') {
    return typeof value === 'string' ? undefined : `${shown} is not a text: put it in quotes for BYTES`;
  }
  if (datatype === 'BOOL') {
    return typeof value === 'boolean' ? undefined : `${shown} is neither true nor false`;
  }
  if (typeof value !== 'number' && typeof value !== 'bigint') {
    return `${shown} is not a number, but ${datatype} requires one`;
  }
  if (isFloat(datatype)) {
    return undefined;
  }
  const [lowest, highest] = getIntegerRange(datatype);
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    return `${shown} is not a whole number that can be written exactly`;
  }
  return value >= lowest && value <= highest
    ? undefined
    : `${shown} does not fit ${datatype}, whose range is ${lowest} to ${highest}`;
}

/** Returns the smallest and the largest value of an integer type; BOOL counts as 0 and 1. */
export function getIntegerRange(datatype: FixedDatatype): readonly [bigint, bigint] {
  if (datatype === 'BOOL') {
    return [0n, 1n];
  }
  const bits = BigInt(8 * fixedDatatypes[datatype].sizeBytes);
  return datatype.startsWith('U') ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
}

/** Encodes values as the elements of a tensor. {@link findScalarFault} must accept each of them. */
export function encodeScalars(datatype: Datatype, values: readonly Scalar[]): Uint8Array {
  if (datatype === 'BYTES') {
    return encodeByteElements(values.map((value) => Buffer.from(String(value), 'utf8')));
  }
  const array = createArray(datatype, values.length);
  if (array instanceof BigInt64Array || array instanceof BigUint64Array) {
    values.forEach((value, index) => (array[index] = BigInt(value)));
  } else {
    values.forEach((value, index) => (array[index] = Number(value)));
  }
  return encodeArray(datatype, array);
}

export type Floats = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
export type Integers =
  | Uint8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>;

/** Creates an array of zeros; {@link encodeArray} rounds floats of 16 bits. */
export function createArray(datatype: FixedDatatype, length: number): Floats | Integers {
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
    case 'FP16':
    case 'BF16':
      return new Float64Array(length);
  }
}

/** Encodes the elements of an array from {@link createArray} in little-endian order. */
export function encodeArray(datatype: FixedDatatype, array: Floats | Integers): Uint8Array {
  const format = datatype === 'FP16' ? half : datatype === 'BF16' ? bfloat16 : undefined;
  if (format === undefined || !(array instanceof Float64Array)) {
    return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  }
  return new Uint8Array(Uint16Array.from(array, (value) => encodeFloat(format, value)).buffer);
}
