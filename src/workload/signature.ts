import { UsageError } from '../support/errors.ts';
import type { ModelConfig, ModelMetadata, TensorMetadata } from '../triton/inference-server.ts';
import type { SizeRanges, Workload } from './workload-schema.ts';

export interface ServedModel {
  readonly metadata: ModelMetadata;
  readonly config: ModelConfig;
}

/**
 * Compares what a workload sends and expects with what the model says it takes and gives.
 *
 * @param fixed sizes that files of the workload fix
 * @throws {UsageError} showing both sides of every difference.
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
      .map((input) => `input ${input.name}: workload has none, model takes ${formatTensor(input)}`),
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
  /** 0 for a model that does not batch. */
  readonly maxBatchSize: number;
}

type Described = Readonly<Record<string, { datatype: string; shape: readonly (number | string)[] }>>;

function compareSide(
  side: 'input' | 'output',
  described: Described,
  served: readonly TensorMetadata[],
  limits: Limits,
): string[] {
  return Object.entries(described).flatMap(([name, mine]) => {
    const theirs = served.find((tensor) => tensor.name === name);
    if (theirs === undefined) {
      const names = served.map((tensor) => tensor.name).join(', ');
      return [`${side} ${name}: workload has ${formatTensor(mine)}, model has only ${names}`];
    }
    const fits =
      mine.datatype === theirs.datatype && isShapeCompatible(mine.shape, theirs.shape, limits.ranges);
    const both = `${side} ${name}: workload has ${formatTensor(mine)}, model has ${formatTensor(theirs)}`;
    return fits
      ? checkBatch(`${side} ${name}`, mine.shape, limits)
      : [both + explainBatch(mine, theirs, limits)];
  });
}

function isShapeCompatible(
  mine: readonly (number | string)[],
  theirs: readonly number[],
  ranges: SizeRanges,
): boolean {
  return (
    mine.length === theirs.length &&
    mine.every((size, index) => {
      const allowed = theirs[index];
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

/** A model that batches has the batch as its first dimension, of any size up to its own limit. */
function checkBatch(
  what: string,
  [batch = 0]: readonly (number | string)[],
  { ranges, maxBatchSize }: Limits,
): string[] {
  const largest = typeof batch === 'number' ? batch : (ranges[batch]?.max ?? 0);
  return maxBatchSize > 0 && largest > maxBatchSize
    ? [
        `${what}: workload has batches of up to ${largest}, model takes ${maxBatchSize} at most (max_batch_size)`,
      ]
    : [];
}

function explainBatch(
  mine: { shape: readonly unknown[] },
  theirs: TensorMetadata,
  { maxBatchSize }: Limits,
): string {
  return maxBatchSize > 0 && mine.shape.length + 1 === theirs.shape.length
    ? '; the first dimension is the batch, because max_batch_size is not 0'
    : '';
}

/** Whether sizes fit a described shape, where a name takes any size, but the same one everywhere in it. */
export function matchesShape(described: readonly (number | string)[], shape: readonly number[]): boolean {
  return described.length === shape.length && bindSizes(described, shape, new Map());
}

/** The same with sizes that are known already; those that are new are added. */
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
