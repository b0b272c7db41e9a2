import { decodeByteElements, encodeByteElements } from '../triton/byte-elements.ts';
import { elementCount, decodeElements, fixedDatatypes, type Datatype } from '../triton/datatypes.ts';
import type { Tensor } from '../triton/inference-server.ts';
import { NpyError, type NpyArray } from '../formats/npy/npy.ts';
import { encodeArray } from './scalars.ts';

/**
 * Converts the elements of an array to those of a tensor; undefined when NumPy's type does not fit. Texts
 * (`S`, `U`) become BYTES, `U` as UTF-8. NumPy has no BF16: its values are stored as `<f4`, and rounded, or
 * as `V2`.
 */
export function toTensorBytes({ descr, shape, bytes }: NpyArray, datatype: Datatype): Uint8Array | undefined {
  if (!isOfDatatype(descr, datatype)) {
    return undefined;
  }
  if (datatype === 'BYTES') {
    return encodeByteElements(splitTexts(descr, elementCount(shape), bytes));
  }
  return datatype === 'BF16' && descr === '<f4'
    ? encodeArray('BF16', Float64Array.from(decodeElements('FP32', bytes) as Float32Array))
    : bytes;
}

/** Returns whether elements of a type of NumPy can become a tensor of a type. */
export function isOfDatatype(descr: string, datatype: Datatype): boolean {
  return datatype === 'BYTES'
    ? /^[<|][SU]/.test(descr)
    : datatype === 'BF16'
      ? descr === '<f4' || /^[<|]V2$/.test(descr)
      : descr === fixedDatatypes[datatype].numpy;
}

/** Formats the types of NumPy that can become a tensor of a type, for messages. */
export function formatNumpyTypes(datatype: Datatype): string {
  return datatype === 'BYTES' ? 'S or U' : datatype === 'BF16' ? '<f4 or V2' : fixedDatatypes[datatype].numpy;
}

/**
 * Converts a tensor to an array of NumPy.
 *
 * @throws {NpyError} for a text that ends with a null byte, which NumPy would lose.
 */
export function toNpyArray({ name, datatype, shape, bytes }: Tensor): NpyArray {
  if (datatype === 'BF16') {
    const floats = Float32Array.from(decodeElements('BF16', bytes) as Float64Array);
    return { descr: '<f4', shape, bytes: new Uint8Array(floats.buffer) };
  }
  if (datatype !== 'BYTES') {
    return { descr: fixedDatatypes[datatype].numpy, shape, bytes };
  }
  const elements = decodeByteElements(bytes) ?? [];
  if (elements.some((element) => element.at(-1) === 0)) {
    throw new NpyError(`an element of ${name} ends with a null byte, which NumPy's texts cannot store`);
  }
  const size = Math.max(1, ...elements.map(({ length }) => length));
  const padded = Buffer.alloc(size * elements.length);
  elements.forEach((element, index) => {
    padded.set(element, index * size);
  });
  return { descr: `|S${size}`, shape, bytes: padded };
}

/** Splits texts of NumPy, which are padded with null bytes to one length. */
function splitTexts(descr: string, count: number, bytes: Uint8Array): Uint8Array[] {
  const size = bytes.length / Math.max(1, count);
  return Array.from({ length: count }, (_, index) => {
    const element = Buffer.from(bytes.subarray(index * size, (index + 1) * size));
    if (descr.includes('U')) {
      const characters = Array.from({ length: size / 4 }, (_unused, at) => element.readUInt32LE(4 * at));
      return Buffer.from(String.fromCodePoint(...characters).replace(/\0+$/, ''), 'utf8');
    }
    const end = element.findLastIndex((byte) => byte !== 0);
    return element.subarray(0, end + 1);
  });
}
