import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { UsageError } from '../support/errors.ts';
import { isMissing } from '../support/files.ts';
import { parseYaml } from '../support/yaml.ts';
import { datatypeNames } from '../triton/datatypes.ts';

/** A number, or the name of a size drawn for each request. */
const sizeOrName = z.union([z.int().nonnegative(), z.string().min(1)], {
  error: 'expected a whole number, or the name of one of random.sizes',
});

const normal = z.strictObject({
  distribution: z.literal('normal'),
  mean: z.number(),
  standardDeviation: z.number().positive(),
  clip: z
    .tuple([z.number(), z.number()])
    .refine(([low, high]) => low < high, 'the lower bound comes first')
    .optional(),
});

const uniform = z.strictObject({
  distribution: z.literal('uniform'),
  min: z.number(),
  below: z.union([z.number(), z.string().min(1)], {
    error: 'expected a number, or the name of one of random.sizes',
  }),
});

const range = z
  .strictObject({ min: z.int().positive(), max: z.int().positive() })
  .refine(({ min, max }) => min <= max, 'min is above max');

const workloadSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** The model's name on the server. */
  model: z.string().min(1),
  /** The version to ask; without it the server's policy chooses. */
  version: z.string().regex(/^\d+$/, 'expected a version number in quotes, such as "1"').default(''),
  reference: z
    .strictObject({
      file: z.string().min(1),
      tolerance: z.strictObject({ absolute: z.number().nonnegative() }),
      cases: z.array(z.string().min(1)).min(1),
    })
    .optional(),
  random: z
    .strictObject({
      requests: z.int().positive(),
      seed: z
        .int()
        .min(-(2 ** 31))
        .max(2 ** 31 - 1),
      sizes: z.record(z.string(), range).default({}),
    })
    .optional(),
  inputs: z.record(
    z.string(),
    z.strictObject({
      datatype: z.enum(datatypeNames),
      shape: z.array(sizeOrName),
      values: z.discriminatedUnion('distribution', [normal, uniform]).optional(),
    }),
  ),
  outputs: z.record(
    z.string(),
    z.strictObject({
      datatype: z.enum(datatypeNames),
      shape: z.array(sizeOrName),
      finite: z.boolean().default(true),
    }),
  ),
});

export type Workload = z.output<typeof workloadSchema>;
export type WorkloadInput = Workload['inputs'][string];
export type RandomValues = NonNullable<WorkloadInput['values']>;
export type SizeRanges = NonNullable<Workload['random']>['sizes'];

export interface LoadedWorkload {
  readonly workload: Workload;
  /** Absolute path it was read from; its reference lies relative to that. */
  readonly file: string;
}

/**
 * Reads and checks a workload: what to send to a model and what to expect back.
 *
 * @throws {UsageError} naming the file, the line and the key.
 */
export async function loadWorkload(file: string): Promise<LoadedWorkload> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(
      isMissing(error) ? `no workload at ${file}` : `cannot read ${file}: ${(error as Error).message}`,
      { fix: 'give the path of a workload.yaml, such as models/gat_test/workload.yaml', cause: error },
    );
  }
  const workload = parseYaml(workloadSchema, text, { what: 'workload', file });
  const faults = inconsistencies(workload);
  if (faults.length > 0) {
    throw new UsageError(`unusable workload\n  ${faults.map((fault) => `${file}: ${fault}`).join('\n  ')}`, {
      fix: `correct ${file}`,
    });
  }
  return { workload, file: path.resolve(file) };
}

/** What single keys cannot show: names without a size, random inputs without values. */
function inconsistencies({ inputs, outputs, random, reference }: Workload): string[] {
  const sizes = random?.sizes ?? {};
  const faults: string[] = [];
  if (random === undefined && reference === undefined) {
    faults.push('neither reference nor random: there is nothing to test');
  }
  const checkNames = (place: string, names: readonly (string | number)[]) => {
    for (const name of names) {
      // Without random requests a name only says which dimensions may vary.
      if (typeof name === 'string' && random !== undefined && !Object.hasOwn(sizes, name)) {
        faults.push(`${place}: no size called "${name}" in random.sizes`);
      }
    }
  };
  for (const [name, { shape, values, datatype }] of Object.entries(inputs)) {
    checkNames(`inputs.${name}.shape`, shape);
    if (random === undefined) {
      continue;
    }
    if (values === undefined) {
      faults.push(`inputs.${name}.values: missing, random requests need it`);
    } else if (values.distribution === 'uniform') {
      checkNames(`inputs.${name}.values.below`, [values.below]);
    } else if (!datatype.startsWith('FP')) {
      faults.push(
        `inputs.${name}.values: a normal distribution needs a floating-point type, not ${datatype}`,
      );
    }
  }
  for (const [name, { shape }] of Object.entries(outputs)) {
    checkNames(`outputs.${name}.shape`, shape);
  }
  return faults;
}
