import { expect, test } from '@jest/globals';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { main } from '../../src/main.ts';
import { checkRepository } from '../../src/model/check-repository.ts';
import { inspectTorchFile } from '../../src/model/torchscript.ts';
import { packageRoot } from '../../src/support/package/package-root.ts';
import { testContext } from '../support/context.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { corpus, writeModels } from './corpus.ts';
import { zipOf } from '../formats/zip/zip-bytes.ts';

const shipped = path.join(packageRoot, 'models');
const gatModel = path.join(shipped, 'gat_test', '1', 'model.pt');

async function call(cwd: string, ...argv: string[]) {
  const context = testContext({ cwd });
  const exitCode = await main(['model', ...argv], context);
  return { exitCode, results: context.results, messages: context.messages.join('\n') };
}

/** Returns the findings about a changed gat_test, as `FILE:LINE:COLUMN severity what`. */
async function findingsOf(changes: Readonly<Record<string, string | Uint8Array>>): Promise<string[]> {
  const repository = temporaryDirectory();
  const config = await readFile(path.join(shipped, 'gat_test', 'config.pbtxt'), 'utf8');
  await writeModels(repository, [
    {
      name: 'gat_test',
      loads: true,
      files: { 'config.pbtxt': config, '1/model.pt': 'model.pt', ...changes },
    },
  ]);
  return (await checkRepository(repository)).map(({ file, line, column, severity, what }) => {
    const place = [path.relative(repository, file), line, column].filter((part) => part !== undefined);
    return `${place.join(':')} ${severity} ${what}`;
  });
}

test('the check reports an error exactly for the models of the corpus that do not load', async () => {
  const repository = temporaryDirectory();
  const models = await corpus();
  await writeModels(repository, models);
  const findings = await checkRepository(repository);
  const verdicts = models.map(({ name }) => {
    const isWrong = findings.some(({ model, severity }) => model === name && severity === 'error');
    return [name, !isWrong];
  });
  expect(models.length).toBeGreaterThan(90);
  expect(new Set(models.map(({ name }) => name)).size).toBe(models.length);
  expect(Object.fromEntries(verdicts)).toEqual(
    Object.fromEntries(models.map(({ name, loads }) => [name, loads])),
  );
});

test('every finding has a fix, and one in a configuration has a line and a column', async () => {
  const repository = temporaryDirectory();
  await writeModels(repository, await corpus());
  const findings = await checkRepository(repository);
  expect(findings.filter(({ fix, what }) => fix === '' || what === '')).toEqual([]);
  expect(findings.filter(({ file, line }) => file.endsWith('.pbtxt') && line === undefined)).toEqual([]);
});

test('the shipped models pass', async () => {
  expect(await checkRepository(shipped)).toEqual([]);
});

test('forward() of the shipped model is parsed', async () => {
  expect(await inspectTorchFile(gatModel)).toEqual({ kind: 'torchscript', arguments: ['x', 'edge_index'] });
});

test.each([
  ['state-dict', zipOf({ 'a/data.pkl': Buffer.from('x'), 'a/data/0': Buffer.from('x') })],
  ['exported', zipOf({ 'a/archive_format': Buffer.from('pt2') })],
  ['other', zipOf({ 'a.txt': Buffer.from('x') })],
  ['old-pickle', Buffer.from([0x80, 2, 0x8a])],
  ['other', Buffer.from('hello')],
  ['empty', Buffer.alloc(0)],
  ['git-lfs-pointer', Buffer.from('version https://git-lfs.github.com/spec/v1\n')],
  ['cut-off', zipOf({ 'a/data.pkl': Buffer.from('x') }).subarray(0, 60)],
  ['cut-off', Buffer.from('PK')],
])('a file is recognized as %s', async (kind, bytes) => {
  const file = path.join(temporaryDirectory(), 'model.pt');
  await writeFile(file, bytes);
  expect(await inspectTorchFile(file)).toEqual({ kind });
});

test.each([
  ['workload.yaml', 'model: gat\n', '1:8 warning the workload is for model gat'],
  [
    'workload.yaml',
    'model: [',
    '1:9 warning Flow sequence in block collection must be sufficiently indented and end with a ]',
  ],
  [
    'workload.yaml',
    'model: *nowhere\n',
    '1:1 warning its aliases (*name) expand to far more than the file contains, or are undefined',
  ],
  ['workload.yaml', 'inputs:\n  x__0: {}\n  edges: {}\n', '3:3 warning the configuration has no input edges'],
  ['workload.yaml', 'inputs:\n  x__0: {}\n', '2:3 warning the workload has no input edgeindex__1'],
  [
    'workload.yaml',
    'outputs:\n  logits__0: { datatype: FP64 }\n',
    '2:26 warning output logits__0 is FP64 here, FP32 in the configuration',
  ],
  [
    'workload.yaml',
    'outputs:\n  logits__0: { shape: [nodes, 8] }\n',
    '2:23 warning output logits__0 is [nodes, 8] here, [-1, 7] in the configuration',
  ],
  [
    'workload.yaml',
    'outputs:\n  logits__0: { shape: [7] }\n',
    '2:23 warning output logits__0 is [7] here, [-1, 7] in the configuration',
  ],
  ['workload.yaml', 'model: gat_test\nmodels: x\n', '2:1 warning models: unknown key; did you mean "model"?'],
  [
    'workload.yaml',
    'inputs:\n  x__0: { datatype: FP32, shape: nodes }\n',
    '2:27 warning inputs.x__0.shape: expected array, received string',
  ],
  [
    'workload.yaml',
    'schemaVersion: 1\nmodel: gat_test\ninputs: {}\noutputs: {}\n',
    '1:1 warning neither reference nor random: there is nothing to test',
  ],
])('%s of %j is checked', async (file, text, expected) => {
  expect(await findingsOf({ [file]: text })).toContain(`gat_test/${file}:${expected}`);
});

test('a model that is a link is included', async () => {
  const repository = temporaryDirectory();
  await symlink(path.join(shipped, 'gat_test'), path.join(repository, 'gat_test'));
  const view = { mounts: [{ source: shipped, destination: shipped }] };
  expect(await checkRepository(repository, undefined, view)).toEqual([]);
});

test('PyTorch code instead of TorchScript is left to Triton', async () => {
  const config = await readFile(path.join(shipped, 'gat_test', 'config.pbtxt'), 'utf8');
  const python = `runtime: "model.py"\n${config}`;
  expect(await findingsOf({ 'config.pbtxt': python, '1/model.py': 'import torch\n' })).toEqual([]);
  expect(await findingsOf({ 'config.pbtxt': python })).toEqual([
    'gat_test/1 error there is no model.py: it has model.pt',
  ]);
});

test('directories in place of files are reported', async () => {
  const config = await readFile(path.join(shipped, 'gat_test', 'config.pbtxt'), 'utf8');
  const named = `default_model_filename: "weights.pt"\n${config}`;
  expect(await findingsOf({ 'config.pbtxt': named, '1/weights.pt/data.pkl': 'x' })).toEqual([
    'gat_test/1/weights.pt error this is a directory, not a file',
  ]);
  const repository = temporaryDirectory();
  await mkdir(path.join(repository, 'a', 'config.pbtxt'), { recursive: true });
  const { exitCode, messages } = await call('/', 'check', '--models', repository);
  expect(exitCode).toBe(2);
  expect(messages).toMatch(/a\/config\.pbtxt is a directory, not a file/);
});

test('a field that only newer servers know gives a warning', async () => {
  const config = await readFile(path.join(shipped, 'gat_test', 'config.pbtxt'), 'utf8');
  const findings = await findingsOf({ 'config.pbtxt': `model_metrics { }\n${config}` });
  expect(findings).toEqual([
    'gat_test/config.pbtxt:1:15 warning Triton 2.51 and older do not support model_metrics',
  ]);
});

test('model check prints positions, fixes and an exit code', async () => {
  const cwd = temporaryDirectory();
  await mkdir(path.join(cwd, 'models', 'mine', '1'), { recursive: true });
  await writeFile(path.join(cwd, 'models/mine/config.pbtxt'), 'name: "mine"\nplatfrom: "pytorch_libtorch"\n');
  const { exitCode, results } = await call(cwd, 'check');
  expect(exitCode).toBe(1);
  expect(results).toEqual([
    'models/mine/config.pbtxt:2:1: error: a model configuration has no field "platfrom"',
    '  fix: did you mean platform?',
    'errors: 1, warnings: 0',
  ]);
  expect(await call(packageRoot, 'check', 'gat_test')).toMatchObject({
    exitCode: 0,
    results: ['no mistake found'],
  });
});

test('model check --json prints one document', async () => {
  const { exitCode, results } = await call(packageRoot, 'check', '--json');
  expect(exitCode).toBe(0);
  expect(results).toEqual([{ repository: shipped, errors: 0, warnings: 0, findings: [] }]);
});

test.each([
  [['check', 'gat_tset'], /no model gat_tset.*\n {2}fix: did you mean gat_test\?/],
  [['check', '--models', 'nowhere'], /no model repository at .*nowhere/],
  [['check', '--models', 'package.json'], /no model repository at .*package\.json/],
])('model %j is rejected with 2', async (argv, message) => {
  const { exitCode, messages } = await call(packageRoot, ...argv);
  expect(exitCode).toBe(2);
  expect(messages).toMatch(message);
});

test('model list prints the models', async () => {
  const { results } = await call(packageRoot, 'list');
  expect(results).toEqual([
    'gat_test: pytorch, version 1',
    '  input   x__0          FP32    [-1, 1433]',
    '  input   edgeindex__1  INT64   [2, -1]',
    '  output  logits__0     FP32    [-1, 7]',
  ]);
  const { results: documents } = await call(packageRoot, 'list', '--json');
  expect(documents).toEqual([
    [
      expect.objectContaining({
        name: 'gat_test',
        backend: 'pytorch',
        versions: [1],
        served: [1],
        errors: 0,
      }),
    ],
  ]);
});

test('model list includes broken models', async () => {
  const repository = temporaryDirectory();
  await writeModels(repository, await corpus());
  const { exitCode, results } = await call('/', 'list', '--models', repository);
  expect(exitCode).toBe(0);
  expect(results).toContain('text-yaml: python, version 1; 1 error: hpc-gat model check');
  expect(results).toContain('directory-specific-partly: python, version 1; 1 warning: hpc-gat model check');
  expect(results).toContain('ensemble-good: ensemble, version 1');
  expect(results).toContain('directory-old-broken: python, version (1), 2');
  expect((await readdir(repository)).length).toBe((await corpus()).length);
});
