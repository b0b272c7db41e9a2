import * as z from 'zod';
import { datatypeNames } from '../triton/datatypes.ts';

const sizeOrName = z
  .union([z.int().nonnegative(), z.string().min(1)], {
    error: 'expected a whole number, or the name of one of random.sizes',
  })
  .describe('A number, or the name of a size');

const normal = z.strictObject({
  distribution: z.literal('normal').describe('Normally distributed numbers of a floating-point type'),
  mean: z.number(),
  standardDeviation: z.number().positive(),
  clip: z
    .tuple([z.number(), z.number()])
    .refine(([low, high]) => low < high, 'the lower bound comes first')
    .describe('Lowest and highest value; values outside are set to the bound')
    .optional(),
});

const uniform = z.strictObject({
  distribution: z
    .literal('uniform')
    .describe('Uniformly distributed numbers: fractions or, for integer types, whole ones'),
  min: z.number().describe('The smallest value'),
  below: z
    .union([z.number(), z.string().min(1)], {
      error: 'expected a number, or the name of one of random.sizes',
    })
    .describe('A number, or the name of a size, that all values are below'),
});

const scalar = z.union([z.number(), z.boolean(), z.string()], {
  error: 'expected a number, true, false or a text',
});

const constant = z.strictObject({
  distribution: z.literal('constant').describe('The same value everywhere'),
  value: scalar,
});

const choice = z.strictObject({
  distribution: z.literal('choice').describe('Each element drawn uniformly from a list'),
  of: z.array(scalar).min(1),
});

const stored = z.strictObject({
  /** Absent: this distinguishes a file from a distribution. */
  distribution: z.undefined().optional(),
  file: z
    .string()
    .regex(/\.(npy|npz|json)$/, 'expected a file that ends with .npy, .npz or .json')
    .describe('An array in a .npy, .npz or .json file, relative to the workload'),
  array: z.string().min(1).describe('Name of the array in a .npz file').optional(),
  rows: z
    .boolean()
    .describe('Whether each request uses the next rows of the array, restarting after the last row')
    .default(false),
});

const tolerance = z.strictObject({
  absolute: z.number().nonnegative().describe('Largest allowed difference of an element').default(0),
  relative: z
    .number()
    .nonnegative()
    .describe('Largest allowed difference as a share of the expected value, on top of absolute')
    .default(0),
});

const range = z
  .strictObject({ min: z.int().nonnegative(), max: z.int().nonnegative() })
  .refine(({ min, max }) => min <= max, 'min is above max');

/** Schema of a workload: the requests to a model and the expected answers. Documented in docs/reference/workload.md. */
export const workloadSchema = z.strictObject({
  schemaVersion: z.literal(1),
  model: z.string().min(1).describe("The model's name on the server"),
  version: z
    .string()
    .regex(/^\d+$/, 'expected a version number in quotes, such as "1"')
    .describe("Version of the model, in quotes; by default the server's policy chooses")
    .default(''),
  reference: z
    .strictObject({
      file: z.string().min(1).describe('A .npz file, relative to the workload: arrays CASE.TENSOR'),
      tolerance: tolerance.describe('Tolerance of outputs without one'),
      cases: z
        .array(z.string().min(1))
        .min(1)
        .describe('Cases to send, in this order; by default all of the file')
        .optional(),
    })
    .describe('Fixed requests with known answers')
    .optional(),
  random: z
    .strictObject({
      requests: z.int().positive().describe('Number of requests'),
      concurrency: z.int().positive().max(1024).describe('Number of concurrent requests').default(1),
      seed: z
        .int()
        .min(-(2 ** 31))
        .max(2 ** 31 - 1)
        .describe('The same seed gives the same bytes on every machine')
        .default(0),
      sizes: z.record(z.string(), range).describe('Sizes drawn for each request').default({}),
    })
    .describe('Random requests; types, shapes and finiteness of the answers are checked')
    .optional(),
  inputs: z.record(
    z.string(),
    z.strictObject({
      datatype: z.enum(datatypeNames),
      shape: z.array(sizeOrName),
      values: z
        .discriminatedUnion('distribution', [normal, uniform, constant, choice, stored])
        .describe('Source of the values')
        .optional(),
    }),
  ),
  outputs: z.record(
    z.string(),
    z.strictObject({
      datatype: z.enum(datatypeNames),
      shape: z.array(sizeOrName),
      finite: z.boolean().describe('Reject NaN and infinities').default(true),
      tolerance: tolerance.describe("Tolerance that replaces the reference's").optional(),
    }),
  ),
});

export type Workload = z.output<typeof workloadSchema>;
export type WorkloadInput = Workload['inputs'][string];
export type InputValues = NonNullable<WorkloadInput['values']>;
export type Distribution = Extract<InputValues, { distribution: string }>;
export type SizeRanges = NonNullable<Workload['random']>['sizes'];
export type Tolerance = z.output<typeof tolerance>;
