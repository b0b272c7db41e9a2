import path from 'node:path';
import { UsageError } from '../support/errors.ts';
import { decodeByteElements, encodeByteElements } from '../triton/byte-elements.ts';
import type { Datatype } from '../triton/datatypes.ts';
import { readArray, type StoredArray } from './array-file.ts';
import { bindSizes } from './signature.ts';
import type { LoadedWorkload } from './load-workload.ts';

/** Input whose values come from a file. */
export interface StoredInput extends StoredArray {
  /** True when each request uses the next rows instead of the complete array. */
  readonly rows: boolean;
}

export interface StoredInputs {
  readonly inputs: ReadonlyMap<string, StoredInput>;
  /** Named sizes that the shapes of the files fix: `{ nodes: 2708 }`. */
  readonly sizes: Readonly<Record<string, number>>;
}

export const noStoredInputs: StoredInputs = { inputs: new Map(), sizes: {} };

/**
 * Reads the inputs that a workload takes from files.
 *
 * @throws {UsageError} for a file that cannot be used, or whose shape differs from the workload's, with both.
 */
export async function loadStoredInputs({ workload, file }: LoadedWorkload): Promise<StoredInputs> {
  const inputs = new Map<string, StoredInput>();
  const sizes = new Map<string, number>();
  for (const [name, { datatype, shape, values }] of Object.entries(workload.inputs)) {
    if (workload.random === undefined || values === undefined || !('file' in values)) {
      continue;
    }
    const source = { file: path.resolve(path.dirname(file), values.file), array: values.array };
    const array = await readArray(source, datatype);
    // The file may contain any number of rows.
    const skipped = values.rows ? 1 : 0;
    const fits =
      array.shape.length === shape.length &&
      array.shape[0] !== 0 &&
      bindSizes(shape.slice(skipped), array.shape.slice(skipped), sizes);
    if (!fits) {
      const known = [...sizes].map(([size, value]) => `, ${size} is ${value}`).join('');
      throw new UsageError(
        `input ${name}: ${source.file} has shape [${array.shape.join(', ')}], but the workload declares [${shape.join(', ')}]${known}`,
        { fix: values.rows ? 'correct one of them' : 'correct one of them, or set rows: true' },
      );
    }
    inputs.set(name, { ...array, rows: values.rows });
  }
  for (const [size, value] of sizes) {
    const range = workload.random?.sizes[size];
    if (range !== undefined && (range.min !== value || range.max !== value)) {
      throw new UsageError(
        `${size} is ${value} in the input files, but random.sizes draws it from ${range.min} to ${range.max}`,
        { fix: `remove ${size} from random.sizes, or set rows: true for the input` },
      );
    }
  }
  return { inputs, sizes: Object.fromEntries(sizes) };
}

/** Returns `count` rows of an array from row `start` on; after its last row follows its first. */
export function takeRows(
  { shape, bytes }: StoredArray,
  datatype: Datatype,
  { start, count }: { start: number; count: number },
): Uint8Array {
  const rows = shape[0] ?? 1;
  const at = Array.from({ length: count }, (_, index) => (start + index) % rows);
  if (datatype === 'BYTES') {
    const elements = decodeByteElements(bytes) ?? [];
    const size = elements.length / rows;
    return encodeByteElements(at.flatMap((row) => elements.slice(row * size, (row + 1) * size)));
  }
  const size = bytes.length / rows;
  return Buffer.concat(at.map((row) => bytes.subarray(row * size, (row + 1) * size)));
}
