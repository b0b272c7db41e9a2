import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { packageRoot } from '../../../src/support/package/package-root.ts';
import { zipOf } from '../../formats/zip/zip-bytes.ts';
import type { CorpusModel } from './python-models.ts';

export const committed = path.join(packageRoot, 'models', 'gat_test', '1', 'model.pt');

const oneCpu = 'instance_group [ { kind: KIND_CPU } ]\n';

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

/** Returns TorchScript files, and files that are mistaken for TorchScript. */
export async function torchModels(): Promise<CorpusModel[]> {
  const model = await readFile(committed);
  const stateDict = zipOf({
    'state/data.pkl': Buffer.from('\u0080\u0002}q\0.', 'latin1'),
    'state/version': Buffer.from('3\n'),
  });
  return [
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
}
