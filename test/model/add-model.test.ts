import { expect, test } from '@jest/globals';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { watch } from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { main } from '../../src/main.ts';
import { packageRoot } from '../../src/support/package/package-root.ts';
import { testContext } from '../support/context.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { zipOf } from '../formats/zip/zip-bytes.ts';

const shipped = path.join(packageRoot, 'models', 'gat_test');

/** Creates a directory with a model and its configuration, and an empty repository `models`. */
async function workplace(): Promise<string> {
  const cwd = temporaryDirectory();
  await mkdir(path.join(cwd, 'models'));
  await mkdir(path.join(cwd, 'mine'));
  await copyFile(path.join(shipped, '1', 'model.pt'), path.join(cwd, 'mine', 'gat.pt'));
  await copyFile(path.join(shipped, 'config.pbtxt'), path.join(cwd, 'mine', 'config.pbtxt'));
  return cwd;
}

async function add(cwd: string, ...argv: string[]) {
  const context = testContext({ cwd });
  const exitCode = await main(['model', 'add', ...argv], context);
  return { exitCode, results: context.results, messages: context.messages.join('\n') };
}

async function filesIn(cwd: string): Promise<string[]> {
  const entries = await readdir(path.join(cwd, 'models'), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(path.join(cwd, 'models'), path.join(entry.parentPath, entry.name)))
    .sort();
}

test('a new model gets version 1, the next one 2, and --replace keeps the number', async () => {
  const cwd = await workplace();
  expect(await add(cwd, 'gat_test', 'mine/gat.pt')).toMatchObject({
    exitCode: 0,
    results: ['added gat_test, version 1: models/gat_test/1/model.pt'],
  });
  expect(await filesIn(cwd)).toEqual(['gat_test/1/model.pt', 'gat_test/config.pbtxt']);
  await writeFile(path.join(cwd, 'models/gat_test/workload.yaml'), 'model: gat_test\n');
  expect((await add(cwd, 'gat_test', 'mine/gat.pt', '--json')).results).toEqual([
    expect.objectContaining({ name: 'gat_test', version: 2, warnings: [], dryRun: false }),
  ]);
  await add(cwd, 'gat_test', 'mine/gat.pt', '--replace');
  expect(await filesIn(cwd)).toEqual([
    'gat_test/1/model.pt',
    'gat_test/2/model.pt',
    'gat_test/config.pbtxt',
    'gat_test/workload.yaml',
  ]);
  const [before, after] = await Promise.all([
    readFile(path.join(cwd, 'mine/gat.pt')),
    readFile(path.join(cwd, 'models/gat_test/2/model.pt')),
  ]);
  expect(after.equals(before)).toBe(true);
});

test('the file gets the name in the configuration, and later versions keep the configuration', async () => {
  const cwd = await workplace();
  const config = await readFile(path.join(shipped, 'config.pbtxt'), 'utf8');
  await writeFile(path.join(cwd, 'named.pbtxt'), `default_model_filename: "weights.pt"\n${config}`);
  await add(cwd, 'gat_test', 'mine/gat.pt', '--config', 'named.pbtxt');
  await copyFile(path.join(cwd, 'mine/gat.pt'), path.join(cwd, 'gat.pt'));
  expect(await add(cwd, 'gat_test', 'gat.pt')).toMatchObject({ exitCode: 0 });
  expect(await filesIn(cwd)).toEqual([
    'gat_test/1/weights.pt',
    'gat_test/2/weights.pt',
    'gat_test/config.pbtxt',
  ]);
});

test('Python and ONNX models are accepted', async () => {
  const cwd = await workplace();
  const tensors =
    'input { name: "a" data_type: TYPE_FP32 dims: 1 } output { name: "b" data_type: TYPE_FP32 dims: 1 }';
  await writeFile(path.join(cwd, 'twice.py'), 'class TritonPythonModel:\n    pass\n');
  await writeFile(path.join(cwd, 'python.pbtxt'), `backend: "python" ${tensors}`);
  await writeFile(path.join(cwd, 'net.onnx'), 'onnx');
  await writeFile(path.join(cwd, 'onnx.pbtxt'), 'platform: "onnxruntime_onnx"');
  expect((await add(cwd, 'twice', 'twice.py', '--config', 'python.pbtxt')).messages).toBe('');
  expect((await add(cwd, 'net', 'net.onnx', '--config', 'onnx.pbtxt')).messages).toBe('');
  expect(await filesIn(cwd)).toEqual([
    'net/1/model.onnx',
    'net/config.pbtxt',
    'twice/1/model.py',
    'twice/config.pbtxt',
  ]);
});

test('--dry-run validates and writes nothing', async () => {
  const cwd = await workplace();
  const { exitCode, results } = await add(cwd, 'gat_test', 'mine/gat.pt', '--dry-run');
  expect({ exitCode, results }).toEqual({
    exitCode: 0,
    results: ['would add gat_test, version 1: models/gat_test/1/model.pt'],
  });
  expect(await readdir(path.join(cwd, 'models'))).toEqual([]);
});

test('a partial model is never in the repository, where Triton would load it', async () => {
  const cwd = await workplace();
  const seen = new Set<string | null>();
  const watcher = watch(path.join(cwd, 'models'), (_event, name) => seen.add(name));
  try {
    await add(cwd, 'gat_test', 'mine/gat.pt', '--dry-run');
    await add(cwd, 'gat_test', 'mine/gat.pt');
    await add(cwd, 'gat_test', 'mine/gat.pt', '--replace');
    await setImmediate();
  } finally {
    watcher.close();
  }
  expect([...seen]).toEqual(['gat_test']);
  expect((await readdir(cwd)).sort()).toEqual(['mine', 'models']);
});

test('a missing repository is created, but not for a rejected model', async () => {
  const cwd = await workplace();
  expect(await add(cwd, 'other', 'mine/gat.pt', '--models', 'new')).toMatchObject({ exitCode: 2 });
  await add(cwd, 'gat_test', 'mine/gat.pt', '--models', 'new/below/models', '--dry-run');
  expect((await readdir(cwd)).sort()).toEqual(['mine', 'models']);
  await add(cwd, 'gat_test', 'mine/gat.pt', '--models', 'new');
  expect(await readdir(path.join(cwd, 'new'))).toEqual(['gat_test']);
});

test.each([
  [
    ['other', 'mine/gat.pt'],
    /other\/config\.pbtxt:6:7: error: the directory is called other, the model gat_test/,
  ],
  [['gat_test', 'mine/state.pt'], /gat_test\/1\/model\.pt: error: .*state dict/],
  [['gat_test', 'mine/nothing.pt'], /there is no .*nothing\.pt/],
  [['gat_test', 'mine'], /is not a file/],
  [['gat_test', 'mine/config.pbtxt'], /no known backend reads files such as config\.pbtxt/],
  [['gat_test', 'mine/model.py'], /backend pytorch, which does not read model\.py/],
  [['gat_test', 'alone.pt'], /no configuration for gat_test/],
  [['../up', 'mine/gat.pt'], /cannot be the name of a model/],
  [
    ['gat_test', 'mine/gat.pt', '--config', 'mine/broken.pbtxt'],
    /config\.pbtxt:1:9: error: the file ends before/,
  ],
])('%j is rejected, and the repository is unchanged', async (argv, message) => {
  const cwd = await workplace();
  await writeFile(path.join(cwd, 'mine/state.pt'), zipOf({ 'state/data.pkl': Buffer.from('x') }));
  await writeFile(path.join(cwd, 'mine/model.py'), 'class TritonPythonModel: pass\n');
  await writeFile(path.join(cwd, 'mine/broken.pbtxt'), 'input { ');
  await writeFile(path.join(cwd, 'alone.pt'), 'x');
  const { exitCode, messages } = await add(cwd, ...argv);
  expect(exitCode).toBe(2);
  expect(messages).toMatch(message);
  expect(messages).toMatch(/ {2}fix: /);
  expect(await readdir(path.join(cwd, 'models'))).toEqual([]);
});
