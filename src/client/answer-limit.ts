import { fixedDatatypes } from '../triton/datatypes.ts';
import type { StoredInputs } from '../workload/stored-inputs.ts';
import type { Workload } from '../workload/workload-schema.ts';
import type { ReferenceCase } from './reference-check.ts';

/** What every answer may have: names, parameters, outputs of the wrong shape that a message can then show. */
const leastBytes = 16 * 1024 * 1024;

/** The longest text that is expected of an output; others are no labels or words. */
const textBytes = 64 * 1024;

/** The largest answer that a workload can lead to, twice, in bytes; -1 where nothing limits the size of an output. */
export function answerLimit(
  { outputs, random }: Workload,
  cases: readonly ReferenceCase[],
  stored: StoredInputs,
): number {
  const ofReference = cases.map((each) => each.outputs.reduce((sum, { bytes }) => sum + bytes.length, 0));
  const largest = (size: number | string): number =>
    typeof size === 'number' ? size : (stored.sizes[size] ?? random?.sizes[size]?.max ?? Infinity);
  const ofRandom = Object.values(outputs).reduce((sum, { datatype, shape }) => {
    const elementBytes = datatype === 'BYTES' ? textBytes : fixedDatatypes[datatype].sizeBytes;
    return sum + shape.reduce((product: number, size) => product * largest(size), elementBytes);
  }, 0);
  const bytes = 2 * Math.max(...ofReference, random === undefined ? 0 : ofRandom);
  // gRPC has four bytes for the size of a message.
  return Number.isFinite(bytes) && bytes < 2 ** 31 ? Math.max(leastBytes, bytes) : -1;
}
