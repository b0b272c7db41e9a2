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

/** Models for versions and files. */
export const directories: readonly CorpusModel[] = [
  noVersion('directory-no-version'),
  movedTo('directory-version-name', false, 'v1'),
  movedTo('directory-version-zero', true, '0'),
  movedTo('directory-version-leading-zero', false, '01'),
  movedTo('directory-version-large', true, '20240131'),
  movedTo('directory-version-huge', false, '99999999999999999999'),
  pythonWith('directory with space', false, ''),
  movedTo('directory-flat', false, '.'),
  pythonWith('directory-extra-version', true, '', {
    'old/model.py': pythonModel,
    'workload.yaml': 'model: directory-extra-version\n',
  }),
  pythonWith('directory-specific', true, 'version_policy { specific { versions: [ 1, 3 ] } }', {
    '3/model.py': pythonModel,
  }),
  pythonWith('directory-specific-missing', false, 'version_policy { specific { versions: [ 7 ] } }'),
  pythonWith('directory-specific-partly', true, 'version_policy { specific { versions: [ 1, 7 ] } }'),
  pythonWith('directory-latest', true, 'version_policy { latest { num_versions: 2 } }', {
    '2/model.py': pythonModel,
    '3/model.py': pythonModel,
  }),
  pythonWith('directory-latest-broken', false, '', { '2/readme.txt': 'the model is elsewhere' }),
  pythonWith('directory-old-broken', true, '', { '2/model.py': pythonModel, '1/model.py': 'this is broken' }),
  pythonWith('directory-no-class', false, '', { '1/model.py': 'class Model:\n    pass\n' }),
  { name: 'directory-no-config', loads: true, files: { '1/model.py': pythonModel } },
  { name: 'directory-empty', loads: false, files: {} },
  // Triton also reads a directory whose name begins with a dot.
  {
    name: '.directory-hidden',
    loads: false,
    files: { 'mine/config.pbtxt': '', 'mine/1/model.py': pythonModel },
  },
  { name: 'torch-no-config', loads: false, files: { '1/model.pt': 'model.pt' } },
];
