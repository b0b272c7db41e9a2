import { type CorpusModel, pythonModel, pythonWith } from './python-models.ts';

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

/** Versions and files. */
export const folders: readonly CorpusModel[] = [
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
  // A folder that begins with a dot is one for Triton too.
  {
    name: '.folder-hidden',
    loads: false,
    files: { 'mine/config.pbtxt': '', 'mine/1/model.py': pythonModel },
  },
  { name: 'torch-no-config', loads: false, files: { '1/model.pt': 'model.pt' } },
];
