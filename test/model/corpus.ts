import { copyFile, link, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { packageRoot } from '../../src/support/package-root.ts';
import { zipOf } from './zip-bytes.ts';

/** A model folder, and what the real Triton does with it (test/e2e/model-check.test.ts asks it). */
export interface CorpusModel {
  readonly name: string;
  readonly loads: boolean;
  /**
   * Not asked again at each test: seen once with Triton 2.51 to be as it says here. A model of torch takes 3 s to
   * load; and without its model.py a Python model keeps Triton from ever getting ready.
   */
  readonly seenOnce?: true;
  /** By path in the model's folder; `model.pt` and `model.py` stand for files that work. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
}

const committed = path.join(packageRoot, 'models', 'gat_test', '1', 'model.pt');

const pythonModel = `import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        return [
            pb_utils.InferenceResponse([pb_utils.Tensor("OUT", pb_utils.get_input_tensor_by_name(request, "IN").as_numpy())])
            for request in requests
        ]
`;

const tensors = `input [ { name: "IN" data_type: TYPE_FP32 dims: [ 4 ] } ]
output [ { name: "OUT" data_type: TYPE_FP32 dims: [ 4 ] } ]
`;
const oneCpu = 'instance_group [ { kind: KIND_CPU } ]\n';

/** A model of the Python backend; `$` in the configuration stands for its name. */
function python(name: string, loads: boolean, config: string, files: CorpusModel['files'] = {}): CorpusModel {
  return {
    name,
    loads,
    files: { 'config.pbtxt': config.replaceAll('$', name), '1/model.py': pythonModel, ...files },
  };
}

/** The same with working tensors, and more. */
function pythonWith(
  name: string,
  loads: boolean,
  more: string,
  files: CorpusModel['files'] = {},
): CorpusModel {
  return python(name, loads, `name: "$"\nbackend: "python"\n${tensors}${more}`, files);
}

const gatTensors = `input [
  { name: "x__0" data_type: TYPE_FP32 dims: [ -1, 1433 ] },
  { name: "edgeindex__1" data_type: TYPE_INT64 dims: [ 2, -1 ] }
]
output [ { name: "logits__0" data_type: TYPE_FP32 dims: [ -1, 7 ] } ]
`;

function torch(
  name: string,
  loads: boolean,
  config = gatTensors,
  files: CorpusModel['files'] = { '1/model.pt': 'model.pt' },
): CorpusModel {
  return {
    name,
    loads,
    files: { 'config.pbtxt': `name: "${name}"\nplatform: "pytorch_libtorch"\n${oneCpu}${config}`, ...files },
  };
}

const seenOnce = new Set([
  'folder-latest-broken',
  // The server never gets ready.
  'folder with space',
  // It ends the whole server.
  'folder-version-huge',
  'torch-by-order',
  'torch-index-twice',
  'torch-no-input',
  'torch-type',
  'torch-empty',
  'torch-no-file',
  'torch-other-name',
  'torch-lfs',
  'torch-no-config',
  'torch-mixed-names',
  'torch-no-output',
]);

/** A model for each way in which a text can be written, and each mistake; made anew for each test. */
export async function corpus(): Promise<CorpusModel[]> {
  const model = await readFile(committed);
  const stateDict = zipOf({
    'state/data.pkl': Buffer.from('\u0080\u0002}q\0.', 'latin1'),
    'state/version': Buffer.from('3\n'),
  });
  const models = [
    ...texts,
    ...configurations,
    ...details,
    ...folders,
    torch('torch-good', true),
    torch('torch-by-argument', true, gatTensors.replace('x__0', 'x').replace('edgeindex__1', 'edge_index')),
    torch('torch-by-order', true, gatTensors.replace('x__0', 'nodes').replace('edgeindex__1', 'edges')),
    torch('torch-mixed-names', true, gatTensors.replace('edgeindex__1', 'edges')),
    torch('torch-index-gap', false, gatTensors.replace('edgeindex__1', 'edgeindex__2')),
    torch('torch-index-twice', false, gatTensors.replace('edgeindex__1', 'edgeindex__0')),
    torch('torch-one-input', false, gatTensors.replace(/,\n.*edgeindex.*/, '')),
    torch('torch-no-input', false, gatTensors.replace(/input \[[^]*?\n\]\n/, '')),
    torch('torch-no-output', false, gatTensors.replace(/output .*\n/, '')),
    torch('torch-type', false, gatTensors.replace('TYPE_INT64', 'TYPE_UINT32')),
    torch('torch-state-dict', false, gatTensors, { '1/model.pt': stateDict }),
    torch('torch-cut-off', false, gatTensors, { '1/model.pt': model.subarray(0, 300_000) }),
    torch('torch-empty', false, gatTensors, { '1/model.pt': '' }),
    torch('torch-no-file', false, gatTensors, { '1/model.pth': 'model.pt' }),
    torch('torch-other-name', true, `default_model_filename: "gat.pt"\n${gatTensors}`, {
      '1/gat.pt': 'model.pt',
    }),
    torch('torch-lfs', false, gatTensors, {
      '1/model.pt': 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n',
    }),
  ];
  return models.map((one) => (seenOnce.has(one.name) ? { ...one, seenOnce: true } : one));
}

const texts: readonly CorpusModel[] = [
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

const configurations: readonly CorpusModel[] = [
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

/** Seen only when a configuration's text, types and names are right. */
const details: readonly CorpusModel[] = [
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

const noVersion = (name: string): CorpusModel => {
  const { files } = pythonWith(name, false, '');
  return { name, loads: false, files: { 'config.pbtxt': files['config.pbtxt'] ?? '' } };
};

const movedTo = (name: string, loads: boolean, version: string, more = ''): CorpusModel => {
  const { files } = pythonWith(name, loads, more);
  return {
    name,
    loads,
    files: { 'config.pbtxt': files['config.pbtxt'] ?? '', [`${version}/model.py`]: pythonModel },
  };
};

const folders: readonly CorpusModel[] = [
  noVersion('folder-no-version'),
  movedTo('folder-version-name', false, 'v1'),
  movedTo('folder-version-zero', true, '0'),
  movedTo('folder-version-leading-zero', false, '01'),
  movedTo('folder-version-large', true, '20240131'),
  movedTo('folder-version-huge', false, '99999999999999999999'),
  pythonWith('folder with space', false, ''),
  movedTo('folder-flat', false, '.'),
  pythonWith('folder-extra-version', true, '', {
    'old/model.py': pythonModel,
    'workload.yaml': 'model: folder-extra-version\n',
  }),
  pythonWith('folder-specific', true, 'version_policy { specific { versions: [ 1, 3 ] } }', {
    '3/model.py': pythonModel,
  }),
  pythonWith('folder-specific-missing', false, 'version_policy { specific { versions: [ 7 ] } }'),
  pythonWith('folder-specific-partly', true, 'version_policy { specific { versions: [ 1, 7 ] } }'),
  pythonWith('folder-latest', true, 'version_policy { latest { num_versions: 2 } }', {
    '2/model.py': pythonModel,
    '3/model.py': pythonModel,
  }),
  pythonWith('folder-latest-broken', false, '', { '2/readme.txt': 'the model is elsewhere' }),
  pythonWith('folder-old-broken', true, '', { '2/model.py': pythonModel, '1/model.py': 'this is broken' }),
  pythonWith('folder-no-class', false, '', { '1/model.py': 'class Model:\n    pass\n' }),
  { name: 'folder-no-config', loads: true, files: { '1/model.py': pythonModel } },
  { name: 'folder-empty', loads: false, files: {} },
  { name: 'torch-no-config', loads: false, files: { '1/model.pt': 'model.pt' } },
];

/** Writes models into a repository; the committed model.pt as a link, where that can be. */
export async function writeModels(repository: string, models: readonly CorpusModel[]): Promise<void> {
  for (const { name, files } of models) {
    await mkdir(path.join(repository, name), { recursive: true });
    for (const [file, content] of Object.entries(files)) {
      const target = path.join(repository, name, file);
      await mkdir(path.dirname(target), { recursive: true });
      if (content === 'model.pt') {
        await link(committed, target).catch(() => copyFile(committed, target));
      } else {
        await writeFile(
          target,
          name === 'text-bom' && file === 'config.pbtxt' ? `\uFEFF${String(content)}` : content,
        );
      }
    }
  }
}
