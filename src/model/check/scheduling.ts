import { listEntries, listMessages, getNumber, getText, listTexts } from '../config/access.ts';
import type { Message } from '../config/message.ts';
import type { Reporter } from '../finding.ts';
import { getPosition } from './names.ts';

/** Checks batching and instances. */
export function checkScheduling(config: Message, report: Reporter): void {
  const maxBatchSize = getNumber(config, 'max_batch_size');
  if (maxBatchSize < 0) {
    const fix = 'write 0 for a model without batches';
    report.error(getPosition(config, 'max_batch_size'), 'max_batch_size is below 0', fix);
  }
  for (const batching of listMessages(config, 'dynamic_batching')) {
    checkDynamicBatching(config, batching, maxBatchSize, report);
  }
  for (const batching of listMessages(config, 'sequence_batching')) {
    checkSlots(batching, report);
  }
  checkBatchInputs(config, report);
  for (const group of listMessages(config, 'instance_group')) {
    checkInstances(group, report);
  }
}

function checkDynamicBatching(
  config: Message,
  batching: Message,
  maxBatchSize: number,
  report: Reporter,
): void {
  if (maxBatchSize === 0) {
    const fix = 'set max_batch_size to the largest batch of the model, or remove dynamic_batching';
    report.warning(
      getPosition(config, 'dynamic_batching'),
      'without a max_batch_size nothing is batched',
      fix,
    );
  }
  for (const { value, position } of listEntries(batching, 'preferred_batch_size')) {
    const size = Number(value);
    if (size <= 0 || size > maxBatchSize) {
      const what = `a preferred batch size of ${size} does not fit max_batch_size ${maxBatchSize}`;
      report.error(position, what, 'use sizes from 1 to max_batch_size');
    }
  }
  const levels = getNumber(batching, 'priority_levels');
  const normal = getNumber(batching, 'default_priority_level');
  if (levels > 0 && (normal < 1 || normal > levels)) {
    const what = `default_priority_level ${normal} is not one of the ${levels} levels`;
    report.error(getPosition(batching, 'default_priority_level'), what, `use a level from 1 to ${levels}`);
  }
}

function checkSlots(batching: Message, report: Reporter): void {
  for (const strategy of listMessages(batching, 'direct')) {
    const utilization = getNumber(strategy, 'minimum_slot_utilization');
    if (!(utilization >= 0 && utilization <= 1)) {
      const what = `minimum_slot_utilization is ${utilization}, not a fraction`;
      report.error(getPosition(strategy, 'minimum_slot_utilization'), what, 'use a fraction from 0 to 1');
    }
  }
}

function checkBatchInputs(config: Message, report: Reporter): void {
  const inputs = listMessages(config, 'input').map((input) => getText(input, 'name'));
  for (const { text, position } of listMessages(config, 'batch_input').flatMap((one) =>
    listTexts(one, 'source_input'),
  )) {
    if (!inputs.includes(text)) {
      report.error(position, `there is no input ${text}`, `the inputs are ${inputs.join(', ')}`);
    }
  }
}

function checkInstances(group: Message, report: Reporter): void {
  const kind = getText(group, 'kind');
  if (getNumber(group, 'count') < 0) {
    report.warning(
      getPosition(group, 'count'),
      'fewer than one instance: Triton creates one',
      'write count: 1',
    );
  }
  if ((kind === 'KIND_CPU' || kind === 'KIND_MODEL') && listEntries(group, 'gpus').length > 0) {
    const fix = 'remove gpus, or write kind: KIND_GPU';
    report.error(getPosition(group, 'gpus'), `instances of ${kind} cannot name GPUs`, fix);
  }
}
