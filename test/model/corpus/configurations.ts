// cspell:ignore prefered
import { type CorpusModel, python, pythonWith, tensors } from './python-models.ts';

/** Models for fields, types, names and Triton's treatment of them. */
export const configurations: readonly CorpusModel[] = [
  python('config-no-name', true, `backend: "python" ${tensors}`),
  python('config-other-name', false, `name: "something_else" backend: "python" ${tensors}`),
  pythonWith('config-unknown-field', false, 'max_batchsize: 4'),
  pythonWith('config-unknown-inner', false, 'dynamic_batching { prefered_batch_size: 4 }'),
  pythonWith('config-twice', false, 'name: "config-twice"'),
  pythonWith('config-two-schedulers', false, 'max_batch_size: 4 dynamic_batching { } sequence_batching { }'),
  pythonWith('config-text-number', false, 'max_batch_size: "8"'),
  pythonWith('config-fraction', false, 'max_batch_size: 8.0'),
  pythonWith('config-too-large', false, 'max_batch_size: 2147483648'),
  pythonWith('config-negative', false, 'max_batch_size: -1'),
  pythonWith('config-unsigned', false, 'dynamic_batching { max_queue_delay_microseconds: -5 }'),
  pythonWith('config-bool', false, 'model_transaction_policy { decoupled: yes }'),
  pythonWith('config-bool-two', false, 'model_transaction_policy { decoupled: 2 }'),
  pythonWith('config-list-of-one', false, 'max_batch_size: [ 4 ]'),
  pythonWith('config-braces', false, 'max_batch_size { 4 }'),
  pythonWith('config-parameter-text', false, 'parameters { key: "A" value: "1" }'),
  python('config-type', false, `name: "$" backend: "python" ${tensors.replace('TYPE_FP32', 'FP32')}`),
  python(
    'config-type-number',
    false,
    `name: "$" backend: "python" ${tensors.replace('TYPE_FP32', 'TYPE_FLOAT32')}`,
  ),
  python(
    'config-no-type',
    false,
    `name: "$" backend: "python" ${tensors.replace('data_type: TYPE_FP32', '')}`,
  ),
  python('config-no-dims', false, `name: "$" backend: "python" ${tensors.replace('dims: [ 4 ]', '')}`),
  python('config-zero-dim', false, `name: "$" backend: "python" ${tensors.replace('[ 4 ]', '[ 0 ]')}`),
  python('config-minus-two', false, `name: "$" backend: "python" ${tensors.replace('[ 4 ]', '[ -2 ]')}`),
  python('config-no-tensor-name', false, `name: "$" backend: "python" ${tensors.replace('name: "IN"', '')}`),
  python(
    'config-same-input',
    true,
    `name: "$" backend: "python" ${tensors} input { name: "IN" data_type: TYPE_FP32 dims: 4 }`,
  ),
  python(
    'config-reshape',
    true,
    `name: "$" backend: "python" ${tensors.replace('[ 4 ]', '[ 4 ] reshape: { shape: [ 2, 2 ] }')}`,
  ),
  python(
    'config-bad-reshape',
    false,
    `name: "$" backend: "python" ${tensors.replace('[ 4 ]', '[ 4 ] reshape: { shape: [ 3 ] }')}`,
  ),
  python(
    'config-format',
    false,
    `name: "$" backend: "python" ${tensors.replace('dims', 'format: FORMAT_NCHW dims')}`,
  ),
  pythonWith(
    'config-dynamic',
    true,
    'max_batch_size: 8 dynamic_batching { preferred_batch_size: [ 2, 8 ] max_queue_delay_microseconds: 100 default_queue_policy { timeout_action: DELAY } }',
  ),
  pythonWith('config-dynamic-unbatched', true, 'dynamic_batching { }'),
  pythonWith('config-preferred', false, 'max_batch_size: 4 dynamic_batching { preferred_batch_size: [ 8 ] }'),
  pythonWith(
    'config-preferred-zero',
    false,
    'max_batch_size: 4 dynamic_batching { preferred_batch_size: [ 0 ] }',
  ),
  pythonWith(
    'config-priority',
    false,
    'max_batch_size: 4 dynamic_batching { priority_levels: 2 default_priority_level: 3 }',
  ),
  pythonWith('config-instances', true, 'instance_group [ { count: 2 kind: KIND_CPU } ]'),
  pythonWith('config-count', true, 'instance_group [ { count: -1 kind: KIND_CPU } ]'),
  pythonWith('config-cpu-gpus', false, 'instance_group [ { kind: KIND_CPU gpus: [ 0 ] } ]'),
  python('config-backend', false, `name: "$" backend: "pyhton" ${tensors}`),
  python('config-platform', false, `name: "$" platform: "pytorch_libtroch" ${tensors}`),
  python('config-clash', true, `name: "$" backend: "python" platform: "pytorch_libtorch" ${tensors}`),
  python('config-guessed', true, `name: "$" ${tensors}`),
  python('config-no-tensors', true, `name: "$" backend: "python"`),
  {
    name: 'ensemble-unknown-step',
    loads: false,
    files: {
      'config.pbtxt': `name: "ensemble-unknown-step" platform: "ensemble" ${tensors} ensemble_scheduling { step [ { model_name: "nobody" model_version: -1 input_map { key: "IN" value: "IN" } output_map { key: "OUT" value: "OUT" } } ] }`,
      '1/.keep': '',
    },
  },
  {
    name: 'ensemble-good',
    loads: true,
    files: {
      'config.pbtxt': `name: "ensemble-good" platform: "ensemble" ${tensors} ensemble_scheduling { step [ { model_name: "text-colons" model_version: -1 input_map { key: "IN" value: "IN" } output_map { key: "OUT" value: "OUT" } } ] }`,
      '1/.keep': '',
    },
  },
  {
    name: 'ensemble-no-step',
    loads: false,
    files: { 'config.pbtxt': `name: "ensemble-no-step" platform: "ensemble" ${tensors}`, '1/.keep': '' },
  },
];

/** Mistakes that are reported only when text, types and names of a configuration are valid. */
export const details: readonly CorpusModel[] = [
  pythonWith(
    'detail-slots',
    false,
    'max_batch_size: 2 sequence_batching { direct { minimum_slot_utilization: 1.5 } }',
  ),
  python(
    'detail-scalar',
    false,
    `name: "$" backend: "python" ${tensors.replace('[ 4 ]', '[ 1 ] reshape { shape: [ ] }')}`,
  ),
  python(
    'detail-reshape-free',
    false,
    `name: "$" backend: "python" ${tensors.replace('[ 4 ]', '[ -1, 4 ] reshape { shape: [ 4, -1, 3 ] }')}`,
  ),
  pythonWith('detail-no-latest', false, 'version_policy { latest { } }'),
  pythonWith(
    'detail-batch-input',
    false,
    'max_batch_size: 4 batch_input { target_name: "N" data_type: TYPE_FP32 source_input: "nobody" }',
  ),
  python(
    'detail-labels',
    false,
    `name: "$" backend: "python" ${tensors.replace('name: "OUT"', 'name: "OUT" label_filename: "labels.txt"')}`,
  ),
  pythonWith(
    'detail-warmup',
    false,
    'model_warmup { name: "w" batch_size: 1 inputs { key: "IN" value { data_type: TYPE_FP32 dims: 4 input_data_file: "in.bin" } } }',
  ),
];
