import { type CorpusModel, python, pythonWith, tensors } from './python-models.ts';

/** Models for each syntax of the text format, and each syntax error. */
export const texts: readonly CorpusModel[] = [
  python('text-colons', true, `name: "$", backend: "python"; ${tensors}`),
  python(
    'text-angles',
    true,
    `name: '$' backend: "py" 'thon' # a comment\ninput: < name: "IN" data_type: TYPE_FP32 dims: 4 >\noutput: { name: "OUT", data_type: 11, dims: [0x4] };\n`,
  ),
  python(
    'text-repeated',
    true,
    `name: "$" backend: "python" max_batch_size: 010
input { name: "IN" data_type: TYPE_FP32 dims: 2 dims: [ 3 ] dims: - 1 } input { name: "B" data_type: TYPE_BOOL dims: [ 1 ] optional: t }
output { name: "OUT" data_type: TYPE_FP32 dims: [ 4, 5 ] }`,
  ),
  pythonWith(
    'text-escapes',
    true,
    String.raw`parameters { key: "a\tb\x41\101\u00e9\"'" value { string_value: 'x\\y\n' "z\?" } }
parameters: [ { key: "list" value: < string_value: "\360\237\230\200" > }, { value: { string_value: "no key" } }, { key: "no value" } ]
parameters { key: "twice" value { string_value: "first" } } parameters { key: "twice" value { string_value: "last" } }`,
  ),
  pythonWith(
    'text-numbers',
    true,
    'max_batch_size: 8\nsequence_batching { direct { minimum_slot_utilization: 5e-1f max_queue_delay_microseconds: 18446744073709551615 } max_sequence_idle_microseconds: 0xFF }',
  ),
  pythonWith(
    'text-bools',
    true,
    'model_transaction_policy { decoupled: False } response_cache { enable: 0 } optimization { eager_batching: True input_pinned_memory { enable: f } }',
  ),
  pythonWith('text-crlf', true, '\r\nversion_policy: { all { } }\r\n'),
  pythonWith('text-bom', false, ''),
  pythonWith('text-empty-list', true, 'batch_input [ ] metric_tags { key: "a" value: "b" }'),
  python(
    'text-unclosed',
    false,
    `name: "$" backend: "python" ${tensors.replace('} ]\noutput', '}\noutput')}`,
  ),
  python('text-extra-brace', false, `name: "$" backend: "python" ${tensors} }`),
  python('text-no-colon', false, `name "$" backend: "python" ${tensors}`),
  python('text-list-no-colon', false, `name: "$" backend: "python" ${tensors.replace('dims:', 'dims')}`),
  python('text-no-comma', false, `name: "$" backend: "python" ${tensors.replace('[ 4 ]', '[ 4 4 ]')}`),
  python('text-last-comma', false, `name: "$" backend: "python" ${tensors.replace('[ 4 ]', '[ 4, ]')}`),
  python('text-two-commas', false, `name: "$",, backend: "python" ${tensors}`),
  python('text-open-string', false, `name: "$\nbackend: "python" ${tensors}`),
  python('text-line-in-string', false, `name: "$\n" backend: "python" ${tensors}`),
  python(
    'text-bad-escape',
    false,
    `name: "$" backend: "python" ${tensors} parameters { key: "\\d" value { string_value: "" } }`,
  ),
  python('text-curly-quotes', false, `name: “$” backend: "python" ${tensors}`),
  python('text-slashes', false, `// $\nname: "$" backend: "python" ${tensors}`),
  python('text-json', false, `{ "name": "$", "backend": "python" }`),
  python('text-yaml', false, `name: $\nbackend: python\n`),
  pythonWith('text-not-octal', false, 'max_batch_size: 08'),
  pythonWith('text-number-word', false, 'max_batch_size: 8x'),
  pythonWith('text-mismatched', false, 'version_policy { all < } >'),
];
