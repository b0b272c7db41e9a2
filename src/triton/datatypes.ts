import { bfloat16, decodeFloat, half } from './small-floats.ts';

/** Element types of fixed size by Triton's name, with NumPy's name of the same type where it has one. */
export const fixedDatatypes = {
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
  BF16: { sizeBytes: 2, numpy: undefined },
} as const;

export type FixedDatatype = keyof typeof fixedDatatypes;

/** Name of an element type. Elements of BYTES have any length: texts, or whole files. */
export type Datatype = FixedDatatype | 'BYTES';

export const datatypeNames: readonly Datatype[] = [
  ...(Object.keys(fixedDatatypes) as FixedDatatype[]),
  'BYTES',
];

/**
 * Converts a type of a model's configuration to its name in requests: `TYPE_FP32` to `FP32`, `TYPE_STRING` to
 * `BYTES`.
 */
export function datatypeOfConfig(type: string): string {
  return type === 'TYPE_STRING' ? 'BYTES' : type.replace(/^TYPE_/, '');
}

export function isDatatype(name: string): name is Datatype {
  return (datatypeNames as readonly string[]).includes(name);
}

export function isFloat(datatype: Datatype): boolean {
  return datatype.startsWith('FP') || datatype === 'BF16';
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Decodes little-endian bytes into elements; 64-bit integers become bigint, without loss. */
export function decodeElements(datatype: FixedDatatype, bytes: Uint8Array): ArrayLike<number | bigint> {
  const { sizeBytes } = fixedDatatypes[datatype];
  // Typed arrays require aligned memory; the bytes of an answer may begin anywhere in its message.
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
      return Float64Array.from(new Uint16Array(buffer, byteOffset, length), (bits) =>
        decodeFloat(half, bits),
      );
    case 'BF16':
      return Float64Array.from(new Uint16Array(buffer, byteOffset, length), (bits) =>
        decodeFloat(bfloat16, bits),
      );
    case 'FP32':
      return new Float32Array(buffer, byteOffset, length);
    case 'FP64':
      return new Float64Array(buffer, byteOffset, length);
  }
}
