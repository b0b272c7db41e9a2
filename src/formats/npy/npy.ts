/** An array as NumPy wrote it: elements row-major, as bytes. */
export interface NpyArray {
  /** NumPy's name of the element type: "<f4", "<i8", "|b1". */
  readonly descr: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** Error for bytes that are not a usable .npy file. */
export class NpyError extends Error {}

const MAGIC = '\x93NUMPY';

/** Header of a .npy file. */
export interface NpyHeader {
  readonly descr: string;
  readonly shape: readonly number[];
  /** Offset of the elements, in bytes. */
  readonly dataStart: number;
  /** Size of the whole file, in bytes; not a safe integer for a shape that is too large for any file. */
  readonly sizeBytes: number;
}

/**
 * Reads the header of the .npy format, versions 1 to 3, in C order.
 *
 * Source: numpy/lib/format.py, "Format Version 1.0" and following.
 *
 * @throws {NpyError}
 */
export function parseNpyHeader(file: Uint8Array): NpyHeader {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 10 || latin1(file.subarray(0, 6)) !== MAGIC) {
    throw new NpyError('not a .npy file');
  }
  const major = view.getUint8(6);
  if (major < 1 || major > 3) {
    throw new NpyError(`.npy format version ${major} is unknown`);
  }
  const [headerStart, headerSize] =
    major === 1 ? [10, view.getUint16(8, true)] : [12, file.length < 12 ? 0 : view.getUint32(8, true)];
  const dataStart = headerStart + headerSize;
  if (dataStart > file.length) {
    throw new NpyError('cut off within its header');
  }
  const { descr, fortranOrder, shape } = parseHeader(latin1(file.subarray(headerStart, dataStart)));
  if (fortranOrder && shape.length > 1) {
    throw new NpyError('is in Fortran order; save np.ascontiguousarray(a) instead');
  }
  const size = elementSize(descr);
  if (size === 0 && shape.reduce((product, one) => product * one, 1) > 0) {
    throw new NpyError(`elements of type ${descr} have no size`);
  }
  return {
    descr,
    shape,
    dataStart,
    sizeBytes: dataStart + shape.reduce((product, one) => product * one, size),
  };
}

/**
 * Reads a .npy file. The bytes are shared with `file`, not copied.
 *
 * @throws {NpyError}
 */
export function parseNpy(file: Uint8Array): NpyArray {
  const { descr, shape, dataStart, sizeBytes } = parseNpyHeader(file);
  const bytes = file.subarray(dataStart);
  if (file.length !== sizeBytes) {
    throw new NpyError(
      `${descr} of shape (${shape.join(', ')}) needs ${sizeBytes - dataStart} bytes, but the file contains ${bytes.length}`,
    );
  }
  return { descr, shape, bytes };
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** Parses the header, a Python dictionary literal with exactly these three keys. */
function parseHeader(text: string): { descr: string; fortranOrder: boolean; shape: number[] } {
  const descr = /'descr':\s*'([^']+)'/.exec(text)?.[1];
  const fortranOrder = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const shape = /'shape':\s*\(([\d,\s]*)\)/.exec(text)?.[1];
  if (descr === undefined || fortranOrder === undefined || shape === undefined) {
    throw new NpyError(`its header is not understood: ${text.trim().slice(0, 100)}`);
  }
  return {
    descr,
    fortranOrder: fortranOrder === 'True',
    shape: shape
      .split(',')
      .map((size) => size.trim())
      .filter((size) => size !== '')
      .map(Number),
  };
}

function elementSize(descr: string): number {
  const match = /^[<|](?<kind>[biufcSUV])(?<size>\d+)$/.exec(descr);
  if (match === null) {
    throw new NpyError(`elements of type ${descr} are not supported; use little-endian numbers or texts`);
  }
  // Texts of `U` are counted in characters of four bytes.
  return Number(match.groups?.size) * (match.groups?.kind === 'U' ? 4 : 1);
}

/** Encodes an array as a .npy file of version 1, in C order. */
export function formatNpy({ descr, shape, bytes }: NpyArray): Uint8Array {
  const tuple = shape.length === 1 ? `${shape[0] ?? 0},` : shape.join(', ');
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${tuple}), }`;
  // NumPy aligns the data to 64 bytes.
  const padded = `${header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11)}\n`;
  const start = Buffer.alloc(10);
  start.write(`${MAGIC}\x01\x00`, 'latin1');
  start.writeUInt16LE(padded.length, 8);
  return Buffer.concat([start, Buffer.from(padded, 'latin1'), bytes]);
}
