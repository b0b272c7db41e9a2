import path from 'node:path';
import { UsageError, WrongAnswerError } from '../support/errors.ts';
import { datatypes, type Datatype } from '../triton/datatypes.ts';
import type { InferAnswer, InferenceServer, Tensor } from '../triton/inference-server.ts';
import { ask, outputOf } from './ask.ts';
import { firstNotFinite, largestDifference } from './compare.ts';
import type { NpyArray } from './npy.ts';
import { readNpz } from './npz.ts';
import { matchesShape } from './signature.ts';
import type { LoadedWorkload, Workload } from './workload.ts';

/** A fixed request and the outputs that the model gave when it was made. */
export interface ReferenceCase {
  readonly name: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

type Described = Readonly<Record<string, { datatype: Datatype; shape: readonly (number | string)[] }>>;

export interface ReferenceResult {
  readonly case: string;
  /** Largest absolute difference over all outputs. */
  readonly maxDifference: number;
  readonly latencyMs: number;
}

/**
 * Reads the reference cases of a workload, arrays named `CASE.TENSOR`.
 *
 * @throws {UsageError} when the file is unreadable, or a case lacks a tensor or has it in another type or shape.
 */
export async function loadReference({ workload, file }: LoadedWorkload): Promise<ReferenceCase[]> {
  const { reference, inputs, outputs } = workload;
  if (reference === undefined) {
    return [];
  }
  const archive = path.resolve(path.dirname(file), reference.file);
  const wanted = new Set(
    reference.cases.flatMap((name) =>
      [...Object.keys(inputs), ...Object.keys(outputs)].map((tensor) => `${name}.${tensor}`),
    ),
  );
  const arrays = await readNpz(archive, (name) => wanted.has(name));
  return reference.cases.map((name) => {
    const tensors = (described: Described): Tensor[] =>
      Object.entries(described).map(([tensor, { datatype, shape }]) => {
        const key = `${name}.${tensor}`;
        const array = arrays.get(key);
        const fault = faultOf(array, datatypes[datatype].numpy, shape);
        if (array === undefined || fault !== undefined) {
          throw new UsageError(`unusable reference ${archive}: array ${key} ${fault ?? 'is missing'}`, {
            fix: 'make the reference again for this workload, or correct reference.cases',
          });
        }
        return { name: tensor, datatype, shape: array.shape, bytes: array.bytes };
      });
    return { name, inputs: tensors(inputs), outputs: tensors(outputs) };
  });
}

function faultOf(
  array: NpyArray | undefined,
  numpy: string,
  shape: readonly (number | string)[],
): string | undefined {
  if (array === undefined) {
    return 'is missing';
  }
  if (array.descr !== numpy) {
    return `has elements of type ${array.descr}, the workload says ${numpy}`;
  }
  return matchesShape(shape, array.shape)
    ? undefined
    : `has shape [${array.shape.join(', ')}], the workload says [${shape.join(', ')}]`;
}

/**
 * Sends every reference case and compares the answers.
 *
 * @returns the versions that answered
 * @throws {WrongAnswerError} naming the case, the largest difference, where it is and both values.
 */
export async function checkReference(
  server: InferenceServer,
  workload: Workload,
  cases: readonly ReferenceCase[],
  onResult: (result: ReferenceResult) => void,
): Promise<string[]> {
  const tolerance = workload.reference?.tolerance.absolute ?? 0;
  const versions: string[] = [];
  for (const { name, inputs, outputs } of cases) {
    const what = `reference case ${name}`;
    const answer = await ask(server, { workload, inputs, what });
    versions.push(answer.version);
    const differences = outputs.map((output) => compareOutput(what, output, answer, tolerance));
    onResult({ case: name, maxDifference: Math.max(0, ...differences), latencyMs: answer.latencyMs });
  }
  return versions;
}

/** The largest difference of one output; throws when it is above the tolerance. */
function compareOutput(what: string, wanted: Tensor, answer: InferAnswer, tolerance: number): number {
  const got = outputOf(answer, wanted, what);
  const infinite = firstNotFinite(got);
  const largest = largestDifference(wanted.datatype, wanted.shape, wanted.bytes, got.bytes);
  const worst = infinite ?? largest;
  if (worst === undefined || (infinite === undefined && (largest?.difference ?? 0) <= tolerance)) {
    return largest?.difference ?? 0;
  }
  const { position, actual } = worst;
  const at = `at [${position.join(', ')}]`;
  const sizes =
    infinite === undefined && largest !== undefined
      ? `differs by up to ${largest.difference.toPrecision(3)} (tolerance ${tolerance}), ${at}: expected ${largest.expected}, got ${actual}`
      : `is not finite ${at}: got ${actual}`;
  throw new WrongAnswerError(`${what}: ${wanted.name} ${sizes}`, {
    fix: 'is this the model that the reference was made with? Serve that one, or make the reference again',
  });
}
