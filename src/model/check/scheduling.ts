import { entries, messagesOf, numberOf, textOf, textsOf } from '../config/access.ts';
import type { Message } from '../config/message.ts';
import type { Reporter } from '../finding.ts';
import { placeOf } from './names.ts';

/** Batching and instances. */
export function checkScheduling(config: Message, report: Reporter): void {
  const maxBatchSize = numberOf(config, 'max_batch_size');
  if (maxBatchSize < 0) {
    const fix = 'write 0 for a model that takes no batches';
    report.error(placeOf(config, 'max_batch_size'), 'max_batch_size is below 0', fix);
  }
  for (const batching of messagesOf(config, 'dynamic_batching')) {
    checkDynamicBatching(config, batching, maxBatchSize, report);
  }
  for (const batching of messagesOf(config, 'sequence_batching')) {
    checkSlots(batching, report);
  }
  checkBatchInputs(config, report);
  for (const group of messagesOf(config, 'instance_group')) {
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
    const fix = 'set max_batch_size to what the model takes at once, or take dynamic_batching out';
    report.warning(placeOf(config, 'dynamic_batching'), 'without a max_batch_size nothing is batched', fix);
  }
  for (const { value, position } of entries(batching, 'preferred_batch_size')) {
    const size = Number(value);
    if (size <= 0 || size > maxBatchSize) {
      const what = `a preferred batch size of ${size} does not fit max_batch_size ${maxBatchSize}`;
      report.error(position, what, 'give sizes from 1 to max_batch_size');
    }
  }
  const levels = numberOf(batching, 'priority_levels');
  const normal = numberOf(batching, 'default_priority_level');
  if (levels > 0 && (normal < 1 || normal > levels)) {
    const what = `default_priority_level ${normal} is none of the ${levels} levels`;
    report.error(placeOf(batching, 'default_priority_level'), what, `give one from 1 to ${levels}`);
  }
}

function checkSlots(batching: Message, report: Reporter): void {
  for (const strategy of messagesOf(batching, 'direct')) {
    const utilization = numberOf(strategy, 'minimum_slot_utilization');
    if (!(utilization >= 0 && utilization <= 1)) {
      const what = `a minimum_slot_utilization of ${utilization}`;
      report.error(placeOf(strategy, 'minimum_slot_utilization'), what, 'give a part from 0 to 1');
    }
  }
}

function checkBatchInputs(config: Message, report: Reporter): void {
  const inputs = messagesOf(config, 'input').map((input) => textOf(input, 'name'));
  for (const { text, position } of messagesOf(config, 'batch_input').flatMap((one) =>
    textsOf(one, 'source_input'),
  )) {
    if (!inputs.includes(text)) {
      report.error(position, `there is no input ${text}`, `the inputs are ${inputs.join(', ')}`);
    }
  }
}

function checkInstances(group: Message, report: Reporter): void {
  const kind = textOf(group, 'kind');
  if (numberOf(group, 'count') < 0) {
    report.warning(placeOf(group, 'count'), 'fewer than one instance: Triton makes one', 'write count: 1');
  }
  if ((kind === 'KIND_CPU' || kind === 'KIND_MODEL') && entries(group, 'gpus').length > 0) {
    const fix = 'take gpus out, or write kind: KIND_GPU';
    report.error(placeOf(group, 'gpus'), `instances of ${kind} cannot name GPUs`, fix);
  }
}
