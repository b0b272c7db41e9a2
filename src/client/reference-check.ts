import path from 'node:path';
import { UsageError, WrongAnswerError } from '../support/errors.ts';
import type { Datatype } from '../triton/datatypes.ts';
import type { InferAnswer, InferenceServer, Tensor } from '../triton/inference-server.ts';
import { reportUnusable } from '../workload/array-file.ts';
import { infer, requireOneResponse, getOutput } from './infer.ts';
import { compareTensors, findNotFinite } from './compare.ts';
import { isOfDatatype, formatNumpyTypes, toTensorBytes } from '../workload/npy-tensor.ts';
import type { NpyHeader } from '../formats/npy/npy.ts';
import { readNpz } from '../formats/npy/npz.ts';
import { matchesShape } from '../workload/signature.ts';
import type { Tolerance, Workload } from '../workload/workload-schema.ts';
import type { LoadedWorkload } from '../workload/load-workload.ts';

/** Fixed request with the outputs that the model returned when it was recorded. */
export interface ReferenceCase {
  readonly name: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

type DeclaredTensors = Readonly<Record<string, { datatype: Datatype; shape: readonly (number | string)[] }>>;

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
  const names = [...Object.keys(inputs), ...Object.keys(outputs)];
  const fix = 'make it with `hpc-gat test --record`, or correct `reference` in the workload';
  const described: DeclaredTensors = { ...inputs, ...outputs };
  const unusable = (key: string, why: string) =>
    new UsageError(`unusable reference ${archive}: array ${key} ${why}`, { fix });
  const arrays = await reportUnusable({ what: 'reference', file: archive, fix }, () =>
    readNpz(archive, {
      isSelected: (array) => {
        const { name, tensor } = splitName(array, names);
        return tensor !== undefined && (reference.cases?.includes(name) ?? true);
      },
      check: (array, header) => {
        const declared = described[splitName(array, names).tensor ?? ''];
        const why = declared === undefined ? undefined : explainMismatch(declared, header);
        if (why !== undefined) {
          throw unusable(array, why);
        }
      },
    }),
  );
  const cases = reference.cases ?? [
    ...new Set([...arrays.keys()].map((array) => splitName(array, names).name)),
  ];
  if (cases.length === 0) {
    throw new UsageError(
      `unusable reference ${archive}: it contains no array named CASE.${names.join(' or CASE.')}`,
      { fix },
    );
  }
  return cases.map((name) => {
    const tensors = (side: DeclaredTensors): Tensor[] =>
      Object.entries(side).map(([tensor, { datatype }]) => {
        const key = `${name}.${tensor}`;
        const array = arrays.get(key);
        const bytes = array === undefined ? undefined : toTensorBytes(array, datatype);
        if (array === undefined || bytes === undefined) {
          throw unusable(key, 'is missing');
        }
        return { name: tensor, datatype, shape: array.shape, bytes };
      });
    return { name, inputs: tensors(inputs), outputs: tensors(outputs) };
  });
}

/** Splits `CASE.TENSOR`; names of tensors may contain dots too. */
function splitName(array: string, tensors: readonly string[]): { name: string; tensor: string | undefined } {
  const tensor = tensors.find((one) => array.endsWith(`.${one}`));
  return { name: array.slice(0, array.length - (tensor?.length ?? 0) - 1), tensor };
}

/** Explains why an array cannot be used as a tensor; undefined when it can. */
function explainMismatch({ datatype, shape }: DeclaredTensors[string], array: NpyHeader): string | undefined {
  if (!isOfDatatype(array.descr, datatype)) {
    return `has elements of type ${array.descr}, but the workload declares ${formatNumpyTypes(datatype)}`;
  }
  return matchesShape(shape, array.shape)
    ? undefined
    : `has shape [${array.shape.join(', ')}], but the workload declares [${shape.join(', ')}]`;
}

/**
 * Sends every reference case and compares the answers.
 *
 * @returns the versions that answered
 * @throws {WrongAnswerError} with the case, the largest difference, its position and both values.
 */
export async function checkReference(
  server: InferenceServer,
  workload: Workload,
  cases: readonly ReferenceCase[],
  onResult: (result: ReferenceResult) => void,
): Promise<string[]> {
  const versions: string[] = [];
  for (const { name, inputs, outputs } of cases) {
    const what = `reference case ${name}`;
    const answer = await infer(server, { workload, inputs, what });
    requireOneResponse(answer, what);
    versions.push(answer.version);
    const differences = outputs.map((output) => compareOutput(what, output, answer, workload));
    onResult({ case: name, maxDifference: Math.max(0, ...differences), latencyMs: answer.latencyMs });
  }
  return versions;
}

/** Returns the tolerance of an output. */
export function getTolerance({ reference, outputs }: Workload, output: string): Tolerance {
  return outputs[output]?.tolerance ?? reference?.tolerance ?? { absolute: 0, relative: 0 };
}

/**
 * Returns the largest difference of one output.
 *
 * @throws {WrongAnswerError} when it exceeds the tolerance.
 */
function compareOutput(what: string, expected: Tensor, answer: InferAnswer, workload: Workload): number {
  const { name } = expected;
  const fault = (text: string) =>
    new WrongAnswerError(`${what}: ${name} ${text}`, {
      fix: 'serve the model that the reference was made with, or make the reference again',
    });
  const got = getOutput(answer, expected, what);
  const infinite = workload.outputs[name]?.finite === false ? undefined : findNotFinite(got);
  if (infinite !== undefined) {
    throw fault(`is not finite at [${infinite.position.join(', ')}]: got ${infinite.actual}`);
  }
  const tolerance = getTolerance(workload, name);
  const { largest, worst } = compareTensors(expected, got, tolerance);
  if (worst !== undefined) {
    const { difference, position, expected, actual } = worst;
    throw fault(
      `differs by up to ${difference.toPrecision(3)} (tolerance ${formatTolerance(tolerance)}), ` +
        `at [${position.join(', ')}]: expected ${expected}, got ${actual}`,
    );
  }
  return largest;
}

/** Formats a tolerance: `0.001`, or with a relative part `0.001 + 1e-5 of the value`. */
export function formatTolerance({ absolute, relative }: Tolerance): string {
  return relative === 0 ? String(absolute) : `${absolute} + ${relative} of the value`;
}
