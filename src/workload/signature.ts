import { UsageError } from '../support/errors.ts';
import type { ModelConfig, ModelMetadata, TensorMetadata } from '../triton/inference-server.ts';
import type { SizeRanges, Workload } from './workload-schema.ts';

export interface ServedModel {
  readonly metadata: ModelMetadata;
  readonly config: ModelConfig;
}

/**
 * Compares the inputs and outputs of a workload with those that the server reports for the model.
 *
 * @param fixed sizes that files of the workload fix
 * @throws {UsageError} with both sides of every difference.
 */
export function checkSignature(
  workload: Workload,
  { metadata, config }: ServedModel,
  fixed: Readonly<Record<string, number>> = {},
): void {
  const exactly = Object.entries(fixed).map(([name, size]) => [name, { min: size, max: size }]);
  const ranges: SizeRanges = {
    ...workload.random?.sizes,
    ...(Object.fromEntries(exactly) as SizeRanges),
  };
  const limits = { ranges, maxBatchSize: config.maxBatchSize };
  const faults = [
    ...compareSide('input', workload.inputs, metadata.inputs, limits),
    ...compareSide('output', workload.outputs, metadata.outputs, limits),
    ...metadata.inputs
      .filter(({ name }) => !Object.hasOwn(workload.inputs, name) && !isOptional(config, name))
      .map(
        (input) => `input ${input.name}: workload has none, but the model requires ${formatTensor(input)}`,
      ),
  ];
  if (faults.length > 0) {
    throw new UsageError(`the workload does not fit model ${metadata.name}:\n  ${faults.join('\n  ')}`, {
      fix: "correct the workload's inputs and outputs, or the model's config.pbtxt",
    });
  }
}

function isOptional({ input }: ModelConfig, name: string): boolean {
  return input.some((tensor) => tensor.name === name && tensor.optional === true);
}

interface Limits {
  readonly ranges: SizeRanges;
  /** Largest batch; 0 for a model that does not batch. */
  readonly maxBatchSize: number;
}

type Described = Readonly<Record<string, { datatype: string; shape: readonly (number | string)[] }>>;

function compareSide(
  side: 'input' | 'output',
  described: Described,
  servedTensors: readonly TensorMetadata[],
  limits: Limits,
): string[] {
  return Object.entries(described).flatMap(([name, declared]) => {
    const served = servedTensors.find((tensor) => tensor.name === name);
    if (served === undefined) {
      const names = servedTensors.map((tensor) => tensor.name).join(', ');
      return [`${side} ${name}: workload has ${formatTensor(declared)}, model has only ${names}`];
    }
    const fits =
      declared.datatype === served.datatype && isShapeCompatible(declared.shape, served.shape, limits.ranges);
    const both = `${side} ${name}: workload has ${formatTensor(declared)}, model has ${formatTensor(served)}`;
    return fits
      ? checkBatch(`${side} ${name}`, declared.shape, limits)
      : [both + explainBatch(declared, served, limits)];
  });
}

function isShapeCompatible(
  declared: readonly (number | string)[],
  served: readonly number[],
  ranges: SizeRanges,
): boolean {
  return (
    declared.length === served.length &&
    declared.every((size, index) => {
      const allowed = served[index];
      if (allowed === -1 || size === allowed) {
        return true;
      }
      const range = ranges[size];
      return (
        typeof size === 'string' && (range === undefined || (range.min === allowed && range.max === allowed))
      );
    })
  );
}

/** Checks the batch, the first dimension of a model that batches, against the model's limit. */
function checkBatch(
  what: string,
  [batch = 0]: readonly (number | string)[],
  { ranges, maxBatchSize }: Limits,
): string[] {
  const largest = typeof batch === 'number' ? batch : (ranges[batch]?.max ?? 0);
  return maxBatchSize > 0 && largest > maxBatchSize
    ? [
        `${what}: workload has batches of up to ${largest}, the model accepts at most ${maxBatchSize} (max_batch_size)`,
      ]
    : [];
}

function explainBatch(
  declared: { shape: readonly unknown[] },
  served: TensorMetadata,
  { maxBatchSize }: Limits,
): string {
  return maxBatchSize > 0 && declared.shape.length + 1 === served.shape.length
    ? '; the first dimension is the batch, because max_batch_size is not 0'
    : '';
}

/**
 * Returns whether sizes fit a declared shape, in which a name stands for any size, but the same one
 * everywhere.
 */
export function matchesShape(described: readonly (number | string)[], shape: readonly number[]): boolean {
  return described.length === shape.length && bindSizes(described, shape, new Map());
}

/** Returns whether sizes fit a declared shape with the sizes known so far; adds those that are new. */
export function bindSizes(
  described: readonly (number | string)[],
  shape: readonly number[],
  sizes: Map<string, number>,
): boolean {
  return described.every((size, index) => {
    const actual = shape[index] ?? -1;
    if (typeof size === 'number') {
      return size === actual;
    }
    const known = sizes.get(size) ?? actual;
    sizes.set(size, known);
    return known === actual;
  });
}

function formatTensor({
  datatype,
  shape,
}: {
  datatype: string;
  shape: readonly (number | string)[];
}): string {
  return `${datatype} [${shape.join(', ')}]`;
}
