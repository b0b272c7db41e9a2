import { listEntries, listMessages, getText } from '../config/access.ts';
import type { Message } from '../config/message.ts';
import type { Reporter } from '../finding.ts';
import { getPosition } from './names.ts';
import type { Side } from './tensors.ts';

/** Element types that torch lacks or the backend rejects. */
const unsupportedTypes = ['TYPE_UINT16', 'TYPE_UINT32', 'TYPE_UINT64', 'TYPE_BF16'];

/**
 * Checks the names by which the pytorch backend assigns tensors to arguments.
 *
 * Source: https://github.com/triton-inference-server/pytorch_backend, "Important Notes".
 *
 * @param args names of forward()'s arguments; undefined when they are unknown
 */
export function checkPytorch(config: Message, args: readonly string[] | undefined, report: Reporter): void {
  for (const side of ['input', 'output'] as const) {
    const tensors = listMessages(config, side);
    if (tensors.length === 0) {
      const fix = `describe each ${side} with name, data_type and dims`;
      report.error(
        config.position,
        `a TorchScript model needs at least one ${side} in its configuration`,
        fix,
      );
    }
    for (const tensor of tensors) {
      const type = getText(tensor, 'data_type');
      if (unsupportedTypes.includes(type)) {
        const what = `the pytorch backend does not support ${type}`;
        report.error(getPosition(tensor, 'data_type'), what, 'use a type that torch has, such as TYPE_INT64');
      }
    }
    checkIndices(side, tensors, side === 'input' ? args : undefined, report);
  }
  checkCount(config, args, report);
}

function checkIndices(
  side: Side,
  tensors: readonly Message[],
  args: readonly string[] | undefined,
  report: Reporter,
): void {
  const names = tensors.map((tensor) => getText(tensor, 'name'));
  if (args !== undefined && names.every((name) => args.includes(name))) {
    return;
  }
  const indices = names.map(parseIndex);
  const unnumbered = names.filter((_, place) => indices[place] === undefined);
  if (unnumbered.length === names.length) {
    return;
  }
  tensors.forEach((tensor, place) => {
    const index = indices[place];
    if (unnumbered.length > 0) {
      if (index === undefined) {
        const what = `${names[place] ?? ''} has no index but another ${side} has one: the backend uses the order and ignores all indices`;
        report.warning(getPosition(tensor, 'name'), what, `name every ${side} NAME__INDEX, or none`);
      }
      return;
    }
    const isRepeated = indices.indexOf(index) < place;
    if (isRepeated || (index ?? 0) >= names.length) {
      const what = isRepeated
        ? `a second ${side} has the index ${index ?? ''}`
        : `there are ${names.length} ${side}s, and ${names[place] ?? ''} has the index ${index ?? ''}`;
      const fix = `number the ${side}s from 0 to ${names.length - 1}, as forward() ${side === 'input' ? 'takes' : 'returns'} them`;
      report[side === 'input' ? 'error' : 'warning'](getPosition(tensor, 'name'), what, fix);
    }
  });
}

/** Returns the INDEX of NAME__INDEX. */
function parseIndex(name: string): number | undefined {
  const index = /__(\d+)$/.exec(name)?.[1];
  return index === undefined ? undefined : Number(index);
}

function checkCount(config: Message, args: readonly string[] | undefined, report: Reporter): void {
  const inputs = listEntries(config, 'input');
  if (args !== undefined && inputs.length > 0 && inputs.length !== args.length) {
    const takes = `${args.length} ${args.length === 1 ? 'argument' : 'arguments'} (${args.join(', ')})`;
    const what = `forward() takes ${takes}, the configuration has ${inputs.length}`;
    report.error(inputs[0]?.position ?? config.position, what, 'declare one input for each argument');
  }
}
