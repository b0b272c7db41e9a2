import path from 'node:path';
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';
import { readTextIfPresent } from '../../support/files/file-access.ts';
import { findNearest } from '../../support/text/suggest.ts';
import { parseWithinLimits } from '../../support/text/yaml.ts';
import { datatypeOfConfig } from '../../triton/datatypes.ts';
import { listMessages, getNumber, listNumbers, getText } from '../config/access.ts';
import type { Message } from '../config/message.ts';
import type { Finding } from '../finding.ts';
import type { ModelDirectory } from '../repository.ts';

/**
 * Checks that the workload beside a configuration declares the same tensors. `hpc-gat test` reports other
 * mistakes in a workload.
 */
export async function checkWorkload(model: ModelDirectory): Promise<Finding[]> {
  const file = path.join(model.directory, 'workload.yaml');
  const text = await readTextIfPresent(file);
  const { config } = model;
  if (text === undefined || config === undefined) {
    return [];
  }
  const lines = new LineCounter();
  const document = parseWithinLimits({ what: 'workload', file }, () =>
    parseDocument(text, { lineCounter: lines, prettyErrors: false }),
  );
  const findings: Finding[] = [];
  const add = (offset: number | undefined, what: string, fix: string) => {
    const { line, col } = lines.linePos(offset ?? 0);
    // Triton does not read the workload: the server starts, but the test fails.
    findings.push({ model: model.name, file, line, column: col, severity: 'warning', what, fix });
  };
  const [broken] = document.errors;
  if (broken !== undefined) {
    add(broken.pos[0], broken.message, 'correct the YAML');
    return findings;
  }
  const name = document.getIn(['model'], true);
  if (isScalar(name) && name.value !== model.name) {
    add(name.range?.[0], `the workload is for model ${String(name.value)}`, `write model: ${model.name}`);
  }
  for (const side of ['input', 'output'] as const) {
    const described = document.getIn([`${side}s`], true);
    if (isMap(described)) {
      compareSide(side, described, config, add);
    }
  }
  return findings;
}

type Add = (offset: number | undefined, what: string, fix: string) => void;

function compareSide(side: 'input' | 'output', described: YAMLMap, config: Message, add: Add): void {
  const tensors = listMessages(config, side);
  const names = tensors.map((tensor) => getText(tensor, 'name'));
  for (const { key, value } of described.items) {
    const name = isScalar(key) ? String(key.value) : '';
    const tensor = tensors[names.indexOf(name)];
    if (tensor === undefined) {
      const meant = findNearest(name, names);
      const fix = meant === undefined ? `the ${side}s are ${names.join(', ')}` : `did you mean ${meant}?`;
      add(offsetOf(key), `the configuration has no ${side} ${name}`, fix);
    } else if (isMap(value)) {
      compareTensor(side, name, value, tensor, getNumber(config, 'max_batch_size') > 0, add);
    }
  }
  const keys = described.items.map(({ key }) => (isScalar(key) ? String(key.value) : ''));
  for (const tensor of tensors) {
    const name = getText(tensor, 'name');
    const isNeeded = side === 'input' && !isOptional(tensor);
    if (isNeeded && !keys.includes(name)) {
      add(offsetOf(described), `the workload has no input ${name}`, 'declare it too');
    }
  }
}

function isOptional(tensor: Message): boolean {
  return tensor.fields.get('optional')?.[0]?.value === true;
}

function compareTensor(
  side: string,
  name: string,
  described: YAMLMap,
  tensor: Message,
  isBatched: boolean,
  add: Add,
): void {
  const datatype = described.get('datatype', true) as Node | undefined;
  const type = datatypeOfConfig(getText(tensor, 'data_type'));
  if (isScalar(datatype) && datatype.value !== type) {
    const what = `${side} ${name} is ${String(datatype.value)} here, ${type} in the configuration`;
    add(offsetOf(datatype), what, `write datatype: ${type}, or correct the configuration`);
  }
  const shape = described.get('shape', true) as Node | undefined;
  const dims = isBatched ? [-1, ...listNumbers(tensor, 'dims')] : listNumbers(tensor, 'dims');
  if (isSeq(shape)) {
    const sizes = shape.items.map((item) => (isScalar(item) ? item.value : undefined));
    const fits =
      sizes.length === dims.length &&
      sizes.every((size, place) => typeof size !== 'number' || dims[place] === -1 || dims[place] === size);
    if (!fits) {
      const what = `${side} ${name} is [${sizes.join(', ')}] here, [${dims.join(', ')}] in the configuration`;
      add(offsetOf(shape), what, 'use the same dimensions in both');
    }
  }
}

function offsetOf(node: unknown): number | undefined {
  return (node as Node | null)?.range?.[0];
}
