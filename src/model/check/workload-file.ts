import path from 'node:path';
import { readTextIfPresent } from '../../support/files/file-access.ts';
import { InvalidValueError } from '../../support/text/parse-with-schema.ts';
import { findNearest } from '../../support/text/suggest.ts';
import { type TextPosition, type YamlDocument, YamlSyntaxError } from '../../support/text/yaml.ts';
import { datatypeOfConfig } from '../../triton/datatypes.ts';
import { checkWorkloadDocument, parseWorkload } from '../../workload/load-workload.ts';
import { listMessages, getNumber, listNumbers, getText } from '../config/access.ts';
import type { Message } from '../config/message.ts';
import type { Finding } from '../finding.ts';
import type { ModelDirectory } from '../repository.ts';

/** Checks the workload beside a configuration: whether it is valid, and whether it declares the same tensors. */
export async function checkWorkload(model: ModelDirectory): Promise<Finding[]> {
  const file = path.join(model.directory, 'workload.yaml');
  const text = await readTextIfPresent(file);
  const { config } = model;
  if (text === undefined || config === undefined) {
    return [];
  }
  const findings: Finding[] = [];
  const add: Add = (position, what, fix) => {
    // Triton does not read the workload: the server starts, but the test fails.
    findings.push({
      model: model.name,
      file,
      line: 1,
      column: 1,
      ...position,
      severity: 'warning',
      what,
      fix,
    });
  };
  let document: YamlDocument;
  try {
    document = parseWorkload(text, file);
  } catch (error) {
    if (error instanceof YamlSyntaxError) {
      add(error.position, error.reason, 'correct the YAML');
      return findings;
    }
    throw error;
  }
  const { model: name } = toRecord(document.value);
  if (isScalar(name) && name !== model.name) {
    add(
      document.findValue(['model']),
      `the workload is for model ${String(name)}`,
      `write model: ${model.name}`,
    );
  }
  compareTensors('input', document, config, add);
  compareTensors('output', document, config, add);
  for (const { path: keys, message } of findMistakes(document, file)) {
    const label = keys.length === 0 ? '' : `${keys.map(String).join('.')}: `;
    add(document.findKey(keys), `${label}${message}`, 'correct the workload');
  }
  return findings;
}

type Add = (position: TextPosition | undefined, what: string, fix: string) => void;

/** Finds the mistakes with which `hpc-gat test` rejects the workload. */
function findMistakes(document: YamlDocument, file: string): InvalidValueError['mistakes'] {
  try {
    checkWorkloadDocument(document, file);
    return [];
  } catch (error) {
    if (error instanceof InvalidValueError) {
      return error.mistakes;
    }
    throw error;
  }
}

/** Compares the inputs or outputs of a workload, which may be invalid otherwise, with those of a configuration. */
function compareTensors(side: 'input' | 'output', document: YamlDocument, config: Message, add: Add): void {
  const key = `${side}s`;
  const described = toRecord(document.value)[key];
  if (!isRecord(described)) {
    return;
  }
  const tensors = listMessages(config, side);
  const names = tensors.map((tensor) => getText(tensor, 'name'));
  for (const [name, value] of Object.entries(described)) {
    const tensor = tensors[names.indexOf(name)];
    if (tensor === undefined) {
      const meant = findNearest(name, names);
      const fix = meant === undefined ? `the ${side}s are ${names.join(', ')}` : `did you mean ${meant}?`;
      add(document.findKey([key, name]), `the configuration has no ${side} ${name}`, fix);
    } else if (isRecord(value)) {
      const isBatched = getNumber(config, 'max_batch_size') > 0;
      compareTensor({ label: `${side} ${name}`, keys: [key, name], value }, tensor, isBatched, document, add);
    }
  }
  for (const tensor of tensors) {
    const name = getText(tensor, 'name');
    const isNeeded = side === 'input' && tensor.fields.get('optional')?.[0]?.value !== true;
    if (isNeeded && !(name in described)) {
      add(document.findValue([key]), `the workload has no input ${name}`, 'declare it too');
    }
  }
}

interface DescribedTensor {
  readonly label: string;
  readonly keys: readonly string[];
  readonly value: Readonly<Record<string, unknown>>;
}

function compareTensor(
  { label, keys, value: { datatype, shape } }: DescribedTensor,
  tensor: Message,
  isBatched: boolean,
  document: YamlDocument,
  add: Add,
): void {
  const type = datatypeOfConfig(getText(tensor, 'data_type'));
  if (isScalar(datatype) && datatype !== type) {
    const what = `${label} is ${String(datatype)} here, ${type} in the configuration`;
    add(
      document.findValue([...keys, 'datatype']),
      what,
      `write datatype: ${type}, or correct the configuration`,
    );
  }
  const dims = isBatched ? [-1, ...listNumbers(tensor, 'dims')] : listNumbers(tensor, 'dims');
  if (Array.isArray(shape)) {
    const fits =
      shape.length === dims.length &&
      shape.every((size, index) => typeof size !== 'number' || dims[index] === -1 || dims[index] === size);
    if (!fits) {
      const what = `${label} is [${shape.join(', ')}] here, [${dims.join(', ')}] in the configuration`;
      add(document.findValue([...keys, 'shape']), what, 'give both the same dimensions');
    }
  }
}

function isScalar(value: unknown): value is string | number | boolean | null {
  return value !== undefined && (typeof value !== 'object' || value === null);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function toRecord(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}
