import { UsageError } from '../support/errors.ts';
import type { ModelMetadata, TensorMetadata } from '../triton/inference-server.ts';
import type { SizeRanges, Workload } from './workload.ts';

/**
 * Compares what a workload sends and expects with what the model says it takes and gives.
 *
 * @throws {UsageError} showing both sides of every difference.
 */
export function checkSignature(
  workload: Workload,
  model: ModelMetadata,
  optional: ReadonlySet<string>,
): void {
  const ranges = workload.random?.sizes ?? {};
  const faults = [
    ...sideFaults('input', workload.inputs, model.inputs, ranges),
    ...sideFaults('output', workload.outputs, model.outputs, ranges),
    ...model.inputs
      .filter(({ name }) => !Object.hasOwn(workload.inputs, name) && !optional.has(name))
      .map((input) => `input ${input.name}: workload has none, model takes ${shown(input)}`),
  ];
  if (faults.length > 0) {
    throw new UsageError(`the workload does not fit model ${model.name}:\n  ${faults.join('\n  ')}`, {
      fix: "correct the workload's inputs and outputs, or the model's config.pbtxt",
    });
  }
}

type Described = Readonly<Record<string, { datatype: string; shape: readonly (number | string)[] }>>;

function sideFaults(
  side: 'input' | 'output',
  described: Described,
  served: readonly TensorMetadata[],
  ranges: SizeRanges,
): string[] {
  return Object.entries(described).flatMap(([name, mine]) => {
    const theirs = served.find((tensor) => tensor.name === name);
    if (theirs === undefined) {
      const names = served.map((tensor) => tensor.name).join(', ');
      return [`${side} ${name}: workload has ${shown(mine)}, model has only ${names}`];
    }
    const fits = mine.datatype === theirs.datatype && shapeFits(mine.shape, theirs.shape, ranges);
    return fits ? [] : [`${side} ${name}: workload has ${shown(mine)}, model has ${shown(theirs)}`];
  });
}

function shapeFits(
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

/** Whether sizes fit a described shape, where a name takes any size, but the same one everywhere in it. */
export function matchesShape(described: readonly (number | string)[], shape: readonly number[]): boolean {
  const sizes = new Map<string, number>();
  return (
    described.length === shape.length &&
    described.every((size, index) => {
      const actual = shape[index] ?? -1;
      if (typeof size === 'number') {
        return size === actual;
      }
      const known = sizes.get(size) ?? actual;
      sizes.set(size, known);
      return known === actual;
    })
  );
}

function shown({ datatype, shape }: { datatype: string; shape: readonly (number | string)[] }): string {
  return `${datatype} [${shape.join(', ')}]`;
}
