/** Triton's names of element types, with their size and NumPy's name of the same type. */
export const datatypes = {
  BOOL: { sizeBytes: 1, numpy: '|b1' },
  UINT8: { sizeBytes: 1, numpy: '|u1' },
  UINT16: { sizeBytes: 2, numpy: '<u2' },
  UINT32: { sizeBytes: 4, numpy: '<u4' },
  UINT64: { sizeBytes: 8, numpy: '<u8' },
  INT8: { sizeBytes: 1, numpy: '|i1' },
  INT16: { sizeBytes: 2, numpy: '<i2' },
  INT32: { sizeBytes: 4, numpy: '<i4' },
  INT64: { sizeBytes: 8, numpy: '<i8' },
  FP16: { sizeBytes: 2, numpy: '<f2' },
  FP32: { sizeBytes: 4, numpy: '<f4' },
  FP64: { sizeBytes: 8, numpy: '<f8' },
} as const;

export type Datatype = keyof typeof datatypes;

export const datatypeNames = Object.keys(datatypes) as [Datatype, ...Datatype[]];

export function isDatatype(name: string): name is Datatype {
  return Object.hasOwn(datatypes, name);
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function tensorSizeBytes(datatype: Datatype, shape: readonly number[]): number {
  return elementCount(shape) * datatypes[datatype].sizeBytes;
}

/** The elements of little-endian bytes; 64-bit integers come as bigint, which loses nothing. */
export function elementsOf(datatype: Datatype, bytes: Uint8Array): ArrayLike<number | bigint> {
  const { sizeBytes } = datatypes[datatype];
  // Typed arrays want aligned memory; an answer's bytes begin anywhere in its message.
  const { buffer, byteOffset, byteLength } =
    bytes.byteOffset % sizeBytes === 0 ? bytes : new Uint8Array(bytes);
  const length = byteLength / sizeBytes;
  switch (datatype) {
    case 'BOOL':
    case 'UINT8':
      return new Uint8Array(buffer, byteOffset, length);
    case 'UINT16':
      return new Uint16Array(buffer, byteOffset, length);
    case 'UINT32':
      return new Uint32Array(buffer, byteOffset, length);
    case 'UINT64':
      return new BigUint64Array(buffer, byteOffset, length);
    case 'INT8':
      return new Int8Array(buffer, byteOffset, length);
    case 'INT16':
      return new Int16Array(buffer, byteOffset, length);
    case 'INT32':
      return new Int32Array(buffer, byteOffset, length);
    case 'INT64':
      return new BigInt64Array(buffer, byteOffset, length);
    case 'FP16':
      return Float64Array.from(new Uint16Array(buffer, byteOffset, length), fromHalf);
    case 'FP32':
      return new Float32Array(buffer, byteOffset, length);
    case 'FP64':
      return new Float64Array(buffer, byteOffset, length);
  }
}

/** The value of an IEEE 754 binary16 pattern. Node 22 has no Float16Array. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) {
    return fraction === 0 ? sign * Infinity : NaN;
  }
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}
