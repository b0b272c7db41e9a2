import { beforeEach, expect, test } from '@jest/globals';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { main } from '../../src/main.ts';
import { checkRepository } from '../../src/model/check-repository.ts';
import { prepareRun, checkInputs } from '../../src/run/prepare.ts';
import { UsageError } from '../../src/support/errors.ts';
import { sampleSettings } from '../run/plan/sample-plan.ts';
import { testContext } from '../support/context.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

let root: string;
let repository: string;
let store: string;

const config = (name: string) => `name: "${name}" backend: "python"
input { name: "x" data_type: TYPE_FP32 dims: [ -1 ] }
output { name: "y" data_type: TYPE_FP32 dims: [ -1 ] }
`;

async function makeModel(directory: string): Promise<void> {
  await mkdir(path.join(directory, '1'), { recursive: true });
  await writeFile(path.join(directory, 'config.pbtxt'), config(path.basename(directory)));
  await writeFile(path.join(directory, '1', 'model.py'), 'class TritonPythonModel: pass\n');
  await writeFile(path.join(directory, 'workload.yaml'), 'schemaVersion: 1\n');
}

/** Moves a file out of the model, and replaces it by a link. */
async function moveAway(name: string, target: (moved: string) => string): Promise<string> {
  const file = path.join(repository, 'm', name);
  const moved = path.join(store, path.basename(name));
  await rename(file, moved);
  await symlink(target(moved), file);
  return moved;
}

beforeEach(async () => {
  const directory = temporaryDirectory();
  root = path.join(directory, 'project');
  store = path.join(directory, 'store');
  repository = path.join(root, 'models');
  await makeModel(path.join(repository, 'm'));
  await mkdir(store);
});

const check = async (mounts: { source: string; destination: string }[] = [], possible: string[] = []) =>
  (await checkRepository(repository, undefined, { mounts, possible }))
    .filter(({ what }) => what.includes('link'))
    .map(
      ({ file, severity, what, fix }) => `${severity} ${path.relative(repository, file)}: ${what} [${fix}]`,
    );

test.each(['1', '1/model.py', 'config.pbtxt', 'workload.yaml'])(
  'reports that m/%s is an absolute link out of the repository, with its target and the fix',
  async (name) => {
    const moved = await moveAway(name, (file) => file);
    expect(await check()).toEqual([
      expect.stringMatching(
        new RegExp(`^error m/${name}: .* ${moved}, which the container does not see.*add ${store} to binds`),
      ),
    ]);
  },
);

test('reports a link of a whole model, and accepts it where its target is bound', async () => {
  await rename(path.join(repository, 'm'), path.join(store, 'm'));
  await symlink(path.join(store, 'm'), path.join(repository, 'm'));
  expect(await check()).toEqual([expect.stringMatching(/^error m: .*does not see/)]);
  expect(await check([{ source: store, destination: store }])).toEqual([]);
  expect(await check([{ source: store, destination: '/inside' }])).toHaveLength(1);
});

test('follows links through a bound directory as the container does', async () => {
  await moveAway('1/model.py', (file) => file);
  await rename(path.join(store, 'model.py'), path.join(store, 'real.py'));
  await symlink('real.py', path.join(store, 'model.py'));
  expect(await check([{ source: store, destination: store }])).toEqual([]);
  await rename(path.join(store, 'real.py'), path.join(root, 'real.py'));
  await symlink(path.join(root, 'real.py'), path.join(store, 'real.py'));
  expect(await check([{ source: store, destination: store }])).toEqual([
    expect.stringMatching(
      /through .*store\/real\.py to .*project\/real\.py, which the container does not see/,
    ),
  ]);
});

test('reports a relative link that climbs out of the repository', async () => {
  const moved = await moveAway('1/model.py', (file) => path.relative(path.join(repository, 'm', '1'), file));
  expect(await check()).toEqual([
    expect.stringMatching(
      /^error m\/1\/model\.py: .*leaves the repository: in the container that is \/store\/model\.py/,
    ),
  ]);
  expect(moved).toContain('store');
});

test('accepts links within the repository, also those that only the container can follow', async () => {
  await rename(path.join(repository, 'm', '1'), path.join(repository, 'm', 'v'));
  await symlink('v', path.join(repository, 'm', '1'));
  await makeModel(path.join(repository, 'n'));
  await rename(path.join(repository, 'n', '1', 'model.py'), path.join(repository, 'n', 'code.py'));
  await symlink('/models/n/code.py', path.join(repository, 'n', '1', 'model.py'));
  const findings = await checkRepository(repository);
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
});

test('reports loops and links to nothing, in the repository itself too', async () => {
  await moveAway('1/model.py', () => 'model.py');
  await symlink('nowhere', path.join(repository, 'README'));
  expect(await check()).toEqual([
    expect.stringMatching(/^error README: .*nowhere, which does not exist/),
    expect.stringMatching(/^error m\/1\/model\.py: .*back to itself/),
  ]);
});

test('warns of links below a version that the model may not need, and of directories that may be mounted', async () => {
  await symlink('/nowhere/data', path.join(repository, 'm', '1', 'data.bin'));
  expect(await check()).toEqual([expect.stringMatching(/^warning m\/1\/data\.bin/)]);
  await moveAway('1/model.py', (file) => file);
  expect(await check([], [store])).toContainEqual(
    expect.stringMatching(/^warning m\/1\/model\.py.*by itself/),
  );
});

test('ends with directories that contain themselves', async () => {
  await symlink('..', path.join(repository, 'm', '1', 'up'));
  await symlink('.', path.join(repository, 'm', '1', 'here'));
  expect(await check()).toEqual([]);
});

test('model check ends with exit code 1, and takes binds from hpc-gat.yaml', async () => {
  await moveAway('1/model.py', () => '/data/model.py');
  const check = async () => {
    const context = testContext({ cwd: root });
    const exitCode = await main(['model', 'check'], context);
    return { exitCode, first: context.results[0] };
  };
  const first = expect.stringMatching(
    /^models\/m\/1\/model\.py: error: .*data\/model\.py, which does not exist/,
  );
  expect(await check()).toEqual({ exitCode: 1, first });
  await writeFile(path.join(root, 'hpc-gat.yaml'), `binds: [{ source: ${store}, target: /data }]\n`);
  expect(await check()).toMatchObject({ first: expect.not.stringContaining('link') });
});

test('model check warns of a link to a file in the working directory, which Apptainer usually mounts', async () => {
  await writeFile(path.join(root, 'model.py'), '');
  await moveAway('1/model.py', () => path.join(root, 'model.py'));
  const context = testContext({ cwd: root });
  expect(await main(['model', 'check'], context)).toBe(0);
  expect(context.results[0]).toMatch(/^models\/m\/1\/model\.py: warning: /);
});

test('a run is rejected before the queue, for every model that the server loads', async () => {
  await writeFile(path.join(root, 'triton.sif'), '');
  await makeModel(path.join(repository, 'other'));
  await rename(path.join(repository, 'other', '1'), path.join(store, '1'));
  await symlink(path.join(store, '1'), path.join(repository, 'other', '1'));
  const prepare = async (model: object, setup: string[] = []) => {
    const settings = sampleSettings({ model: { name: 'm', ...model }, setup });
    const context = testContext({ cwd: temporaryDirectory() });
    const options = { kind: 'local', gpu: false, allowCpu: false, serve: false } as const;
    const { plan } = await prepareRun({ root, site: 'generic', settings }, options, context);
    await checkInputs(plan, context);
    return context.messages;
  };
  const rejected = prepare({});
  await expect(rejected).rejects.toThrow(UsageError);
  await expect(rejected).rejects.toThrow(
    /models\/other\/1: this link leads to .*store\/1, which the container does not see/,
  );
  expect(await prepare({ serve: ['m'] })).toEqual([]);
  expect((await prepare({}, [`export APPTAINER_BIND=${store}`])).join()).toMatch(/by itself/);
});

test('a run without a GPU is rejected for a model that asks for one', async () => {
  await writeFile(path.join(root, 'triton.sif'), '');
  await writeFile(
    path.join(repository, 'm', 'config.pbtxt'),
    `${config('m')}instance_group { kind: KIND_GPU gpus: 0 }`,
  );
  const prepare = async (gpu: boolean) => {
    const settings = sampleSettings({ model: { name: 'm' } });
    const options = { kind: 'local', gpu, allowCpu: false, serve: false } as const;
    const context = testContext({ cwd: root });
    await checkInputs(
      (await prepareRun({ root, site: 'generic', settings }, options, context)).plan,
      context,
    );
  };
  await expect(prepare(false)).rejects.toThrow(/instance_group of m requires a GPU/);
  await prepare(true);
});
