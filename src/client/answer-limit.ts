import { fixedDatatypes } from '../triton/datatypes.ts';
import type { StoredInputs } from '../workload/stored-inputs.ts';
import type { Workload } from '../workload/workload-schema.ts';
import type { ReferenceCase } from './reference-check.ts';

/** Size that every answer may have, for names, parameters, and outputs of a wrong shape, which a message then shows. */
const leastBytes = 16 * 1024 * 1024;

/** Longest text expected in an output, which usually holds labels or words. */
const textBytes = 64 * 1024;

/** Memory that receiving an answer takes, as a multiple of its size: its pieces, and the whole message. */
const memoryFactor = 3;

/**
 * Returns twice the size, in bytes, of the largest answer to a workload; where the size of an output is unlimited, what this
 * process has memory for.
 */
export function computeAnswerLimit(
  { outputs, random }: Workload,
  cases: readonly ReferenceCase[],
  stored: StoredInputs,
  memoryBytes = process.availableMemory(),
): number {
  const ofReference = cases.map((each) => each.outputs.reduce((sum, { bytes }) => sum + bytes.length, 0));
  const largest = (size: number | string): number =>
    typeof size === 'number' ? size : (stored.sizes[size] ?? random?.sizes[size]?.max ?? Infinity);
  const ofRandom = Object.values(outputs).reduce((sum, { datatype, shape }) => {
    const elementBytes = datatype === 'BYTES' ? textBytes : fixedDatatypes[datatype].sizeBytes;
    return sum + shape.reduce((product: number, size) => product * largest(size), elementBytes);
  }, 0);
  const bytes = 2 * Math.max(...ofReference, random === undefined ? 0 : ofRandom);
  // gRPC encodes the size of a message in four bytes.
  const limit =
    Number.isFinite(bytes) && bytes < 2 ** 31
      ? bytes
      : Math.min(2 ** 32, Math.floor(memoryBytes / memoryFactor));
  return Math.max(leastBytes, limit);
}
