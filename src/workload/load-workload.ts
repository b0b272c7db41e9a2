import path from 'node:path';
import { UsageError } from '../support/errors.ts';
import { isMissing, readText } from '../support/files/file-access.ts';
import { InvalidValueError } from '../support/text/parse-with-schema.ts';
import { parseYamlDocument, parseYamlValue, type YamlDocument } from '../support/text/yaml.ts';
import { isFloat } from '../triton/datatypes.ts';
import { findScalarFault } from './scalars.ts';
import { workloadSchema, type Workload, type WorkloadInput } from './workload-schema.ts';

export interface LoadedWorkload {
  readonly workload: Workload;
  /** Absolute path of the workload, against whose directory the path of the reference is resolved. */
  readonly file: string;
}

/**
 * Reads and checks a workload: the requests to a model and the expected answers.
 *
 * @throws {UsageError} with the file, the line and the key.
 */
export async function loadWorkload(file: string): Promise<LoadedWorkload> {
  let text: string;
  try {
    text = await readText(file, { isStrict: true });
  } catch (error) {
    if (error instanceof UsageError) {
      throw error;
    }
    throw new UsageError(
      isMissing(error) ? `no workload at ${file}` : `cannot read ${file}: ${(error as Error).message}`,
      { fix: 'use the path of a workload.yaml, such as models/gat_test/workload.yaml', cause: error },
    );
  }
  return { workload: checkWorkloadDocument(parseWorkload(text, file), file), file: path.resolve(file) };
}

/** Parses a workload without checking its values. @throws {UsageError} for broken YAML. */
export function parseWorkload(text: string, file: string): YamlDocument {
  return parseYamlDocument(text, { what: 'workload', file });
}

/** Checks the values of a workload. @throws {InvalidValueError} with all mistakes. */
export function checkWorkloadDocument(document: YamlDocument, file: string): Workload {
  const source = { what: 'workload', file };
  const workload = parseYamlValue(workloadSchema, document, source);
  const faults = findInconsistencies(workload);
  if (faults.length > 0) {
    throw new InvalidValueError(
      faults.map((message) => ({ path: [], message })),
      source,
    );
  }
  return workload;
}

/** Finds mistakes that involve several keys: names without a size, random inputs without values. */
function findInconsistencies({ inputs, outputs, random, reference }: Workload): string[] {
  const fromFiles = Object.values(inputs).flatMap(({ shape, values }) =>
    values !== undefined && 'file' in values ? shape : [],
  );
  const known = new Set([...Object.keys(random?.sizes ?? {}), ...fromFiles]);
  const faults: string[] = [];
  if (random === undefined && reference === undefined) {
    faults.push('neither reference nor random: there is nothing to test');
  }
  const checkNames = (place: string, names: readonly (string | number)[]) => {
    for (const name of names) {
      // Without random requests, a name only marks a dimension that may vary.
      if (typeof name === 'string' && random !== undefined && !known.has(name)) {
        faults.push(`${place}: no size named "${name}" in random.sizes`);
      }
    }
  };
  for (const [name, input] of Object.entries(inputs)) {
    checkNames(`inputs.${name}.shape`, input.shape);
    if (random !== undefined) {
      const { values } = input;
      if (values?.distribution === 'uniform') {
        checkNames(`inputs.${name}.values.below`, [values.below]);
      }
      faults.push(...findValueFaults(input).map((fault) => `inputs.${name}.values: ${fault}`));
    }
  }
  for (const [name, { shape }] of Object.entries(outputs)) {
    checkNames(`outputs.${name}.shape`, shape);
  }
  return faults;
}

function findValueFaults({ datatype, values, shape }: WorkloadInput): string[] {
  if (values === undefined) {
    return ['missing, but random requests need it'];
  }
  const scalars = (all: readonly (number | boolean | string)[]) =>
    all.map((one) => findScalarFault(datatype, one)).filter((fault) => fault !== undefined);
  switch (values.distribution) {
    case 'normal':
      return isFloat(datatype) ? [] : [`a normal distribution needs a floating-point type, not ${datatype}`];
    case 'uniform':
      return datatype === 'BYTES' ? ['a uniform distribution needs numbers, not BYTES'] : [];
    case 'constant':
      return scalars([values.value]);
    case 'choice':
      return scalars(values.of);
    case undefined:
      return [
        ...(values.array !== undefined && !values.file.endsWith('.npz')
          ? ['array applies only to .npz files; other files contain one array']
          : []),
        ...(values.rows && shape.length === 0 ? ['rows needs a shape with at least one dimension'] : []),
      ];
  }
}
