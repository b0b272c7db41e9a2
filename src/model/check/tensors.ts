import { listEntries, listMessages, getNumber, listNumbers, getText } from '../config/access.ts';
import type { Message } from '../config/message.ts';
import type { Reporter } from '../finding.ts';
import { getPosition } from './names.ts';

export type Side = 'input' | 'output';

/** Checks the rules of Triton for inputs and outputs, which apply to every backend. */
export function checkTensors(config: Message, side: Side, report: Reporter): void {
  const seen = new Set<string>();
  for (const tensor of listMessages(config, side)) {
    const name = getText(tensor, 'name');
    if (name === '') {
      report.error(getPosition(tensor, 'name'), `this ${side} has no name`, 'write name: "..."');
      continue;
    }
    if (seen.has(name)) {
      report.warning(
        getPosition(tensor, 'name'),
        `a second ${side} is named ${name}`,
        'give each its own name',
      );
    }
    seen.add(name);
    checkType(tensor, side, report);
    checkDims(tensor, side, getNumber(config, 'max_batch_size') > 0, report);
  }
}

function checkType(tensor: Message, side: Side, report: Reporter): void {
  const type = getText(tensor, 'data_type');
  if (type === '' || type === 'TYPE_INVALID') {
    const what = `${side} ${getText(tensor, 'name')} has no data_type`;
    report.error(
      getPosition(tensor, 'data_type'),
      what,
      'write data_type: TYPE_FP32, or the type of the model',
    );
  }
}

function checkDims(tensor: Message, side: Side, isBatched: boolean, report: Reporter): void {
  const what = `${side} ${getText(tensor, 'name')}`;
  const dims = listNumbers(tensor, 'dims');
  const [reshape] = listMessages(tensor, 'reshape');
  if (dims.length === 0) {
    const fix = 'write dims: [ 1 ], with -1 for any size';
    report.error(getPosition(tensor, 'dims'), `${what} has no dims`, fix);
  }
  for (const { value, position } of listEntries(tensor, 'dims')) {
    if (Number(value) < 1 && Number(value) !== -1) {
      report.error(
        position,
        `${what} has a dimension of ${Number(value)}`,
        'write a size of at least 1, or -1 for any',
      );
    }
  }
  if (reshape !== undefined) {
    checkReshape(what, dims, reshape, isBatched, report);
  }
  const format = getText(tensor, 'format');
  if (format !== '' && format !== 'FORMAT_NONE' && dims.length !== 3) {
    const fix = 'declare height, width and channels without the batch dimension, or remove the format';
    report.error(
      getPosition(tensor, 'format'),
      `${what} of format ${format} needs 3 dims, not ${dims.length}`,
      fix,
    );
  }
}

function checkReshape(
  what: string,
  dims: readonly number[],
  reshape: Message,
  isBatched: boolean,
  report: Reporter,
): void {
  const shape = listNumbers(reshape, 'shape');
  const place = shape.length === 0 ? reshape.position : getPosition(reshape, 'shape');
  if (shape.length === 0 && !isBatched) {
    const fix = 'reshape to [ 1 ], or set max_batch_size';
    report.error(place, `${what} is reshaped to a scalar, which Triton supports only in batches`, fix);
  } else if (multiplyBetweenFree(dims).join() !== multiplyBetweenFree(shape).join()) {
    const text = `${what} cannot be reshaped from [${dims.join(', ')}] to [${shape.join(', ')}]`;
    report.error(place, text, 'use the same number of elements in both, also between sizes of -1');
  }
}

/** Returns the number of elements before, between and after the free sizes, which a reshape must not change. */
function multiplyBetweenFree(sizes: readonly number[]): number[] {
  const products = [1];
  for (const size of sizes) {
    const last = products.pop() ?? 1;
    products.push(...(size === -1 ? [last, 1] : [last * size]));
  }
  return products;
}
