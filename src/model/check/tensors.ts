import { entries, messagesOf, numbersOf, textOf } from '../config/access.ts';
import type { Message } from '../config/message.ts';
import type { Reporter } from '../finding.ts';
import { placeOf } from './names.ts';

export type Side = 'input' | 'output';

/** What Triton asks of every input and output, whatever executes the model. */
export function checkTensors(config: Message, side: Side, report: Reporter): void {
  const seen = new Set<string>();
  for (const tensor of messagesOf(config, side)) {
    const name = textOf(tensor, 'name');
    if (name === '') {
      report.error(placeOf(tensor, 'name'), `this ${side} has no name`, 'write name: "..."');
      continue;
    }
    if (seen.has(name)) {
      report.warning(placeOf(tensor, 'name'), `a second ${side} is called ${name}`, 'give each its own name');
    }
    seen.add(name);
    checkType(tensor, side, report);
    checkDims(tensor, side, report);
  }
}

function checkType(tensor: Message, side: Side, report: Reporter): void {
  const type = textOf(tensor, 'data_type');
  if (type === '' || type === 'TYPE_INVALID') {
    const what = `${side} ${textOf(tensor, 'name')} has no data_type`;
    report.error(placeOf(tensor, 'data_type'), what, 'write data_type: TYPE_FP32, or what the model takes');
  }
}

function checkDims(tensor: Message, side: Side, report: Reporter): void {
  const what = `${side} ${textOf(tensor, 'name')}`;
  const dims = numbersOf(tensor, 'dims');
  const [reshape] = messagesOf(tensor, 'reshape');
  if (dims.length === 0) {
    const fix = 'write dims: [ 1 ], with -1 where any size may come';
    report.error(placeOf(tensor, 'dims'), `${what} has no dims`, fix);
  }
  for (const { value, position } of entries(tensor, 'dims')) {
    if (Number(value) < 1 && Number(value) !== -1) {
      report.error(
        position,
        `${what} has a dimension of ${Number(value)}`,
        'write a size from 1, or -1 for any',
      );
    }
  }
  if (reshape !== undefined) {
    checkReshape(what, dims, reshape, report);
  }
  const format = textOf(tensor, 'format');
  if (format !== '' && format !== 'FORMAT_NONE' && dims.length !== 3) {
    const fix = 'give height, width and channels without the batch dimension, or take the format out';
    report.error(
      placeOf(tensor, 'format'),
      `${what} of format ${format} needs 3 dims, not ${dims.length}`,
      fix,
    );
  }
}

function checkReshape(what: string, dims: readonly number[], reshape: Message, report: Reporter): void {
  const shape = numbersOf(reshape, 'shape');
  const fixedSize = (sizes: readonly number[]) =>
    sizes.filter((size) => size !== -1).reduce((product, size) => product * size, 1);
  const free = (sizes: readonly number[]) => sizes.filter((size) => size === -1).length;
  if (free(dims) !== free(shape) || (free(dims) === 0 && fixedSize(dims) !== fixedSize(shape))) {
    const text = `${what} cannot be reshaped from [${dims.join(', ')}] to [${shape.join(', ')}]`;
    report.error(placeOf(reshape, 'shape'), text, 'give both the same number of elements');
  }
}
