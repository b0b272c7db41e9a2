import { beforeEach, expect, test } from '@jest/globals';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { loadProject } from '../../src/config/load.ts';
import { testContext } from '../support/context.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

let root = '';

beforeEach(() => {
  root = temporaryDirectory();
});

function project(text: string): Promise<void> {
  return writeFile(path.join(root, 'hpc-gat.yaml'), text);
}

test('without a project file, the working directory is the project and the defaults apply', async () => {
  const loaded = await loadProject(testContext({ cwd: root, env: {} }));
  expect(loaded).toMatchObject({ root, site: 'generic', settings: { model: { name: 'gat_test' } } });
});

test('the project file is found above the working directory', async () => {
  await project('model: { name: mine }');
  await mkdir(path.join(root, 'a', 'b'), { recursive: true });
  const loaded = await loadProject(testContext({ cwd: path.join(root, 'a', 'b'), env: {} }));
  expect(loaded).toMatchObject({ root, settings: { model: { name: 'mine', repository: 'models' } } });
});

test('command line precedes environment, project, site and default', async () => {
  await writeFile(
    path.join(root, 'site.yaml'),
    'description: x\nslurm: { account: site, partition: site, qos: site, constraint: site }\n',
  );
  await project('site: ./site.yaml\nslurm: { account: project, partition: project, qos: project }\n');
  const { settings } = await loadProject(
    testContext({ cwd: root, env: { HPC_GAT_PARTITION: 'env', HPC_GAT_ACCOUNT: 'env' } }),
    { flags: { slurm: { account: 'flag' } } },
  );
  expect(settings.slurm).toMatchObject({
    account: 'flag',
    partition: 'env',
    qos: 'project',
    constraint: 'site',
    cpus: 2,
  });
});

test('HPC_GAT_CONFIG names a configuration file, and --config precedes it', async () => {
  for (const account of ['variable', 'flag']) {
    await writeFile(path.join(root, `${account}.yaml`), `slurm: { account: ${account} }\n`);
  }
  await project('slurm: { account: found }\n');
  const accountWith = async (HPC_GAT_CONFIG: string, configFile?: string) => {
    const context = testContext({ cwd: root, env: { HPC_GAT_CONFIG } });
    return (await loadProject(context, { configFile })).settings.slurm.account;
  };
  expect(await accountWith('')).toBe('found');
  expect(await accountWith('variable.yaml')).toBe('variable');
  expect(await accountWith('variable.yaml', 'flag.yaml')).toBe('flag');
  await expect(accountWith('missing.yaml')).rejects.toThrow(/no configuration file .*missing\.yaml/);
});

test('a project file with only comments is still a project', async () => {
  await project('# nothing yet\n');
  expect(await loadProject(testContext({ cwd: root, env: {} }))).toMatchObject({ root, site: 'generic' });
});

test.each(['30', '90:00', '4:00:00', '1-12', '2-00:30', '1-00:00:00', 'UNLIMITED', '45'])(
  'accepts the time %s, as Slurm does',
  async (time) => {
    await project(`slurm: { time: ${time} }\n`);
    expect((await loadProject(testContext({ cwd: root, env: {} }))).settings.slurm.time).toBe(time);
  },
);

test('lists replace lists instead of extending them', async () => {
  await writeFile(path.join(root, 'site.yaml'), 'description: x\nsetup: [module load a]\n');
  await project('site: ./site.yaml\nsetup: [module load b]\n');
  expect((await loadProject(testContext({ cwd: root, env: {} }))).settings.setup).toEqual(['module load b']);
});

test.each([
  ['slrum: {}', /hpc-gat\.yaml:1:1: slrum: unknown key; did you mean "slurm"\?/],
  ['slurm:\n  particion: x', /:2:3: slurm\.particion: unknown key; did you mean "partition"\?/],
  ['slurm: [', /hpc-gat\.yaml:1:/],
  ['slurm: { cpus: many }', /slurm\.cpus: /],
  ['slurm: { time: 1h }', /:1:10: slurm\.time: write minutes/],
  ['site: labb', /no site profile "labb"/],
  ['node: { temp: [relative] }', /node\.temp\.0: an absolute path or \$VARIABLE/],
])('rejects %j with its position', async (text, message) => {
  await project(text);
  await expect(loadProject(testContext({ cwd: root, env: {} }))).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(message),
  });
});

test('the compression chosen by the site is reported beside the effective value', async () => {
  await writeFile(path.join(root, 'site.yaml'), 'description: x\nimage: { compression: "gzip:6" }\n');
  await project('site: ./site.yaml\nimage: { compression: auto }\n');
  expect(await loadProject(testContext({ cwd: root, env: {} }))).toMatchObject({
    siteCompression: 'gzip:6',
    settings: { image: { compression: 'auto' }, client: { image: { compression: 'auto' } } },
  });
});

test('a profile path in the project file is resolved against its directory, one of the caller against the working directory', async () => {
  const inside = path.join(root, 'inside');
  await mkdir(inside);
  await writeFile(path.join(root, 'site.yaml'), 'description: x\nslurm: { partition: of-the-project }\n');
  await writeFile(path.join(inside, 'mine.yaml'), 'description: x\nslurm: { partition: of-the-caller }\n');
  await project('site: ./site.yaml\n');
  const partition = async (env: Record<string, string>, site?: string) =>
    (await loadProject(testContext({ cwd: inside, env }), { site })).settings.slurm.partition;
  expect(await partition({})).toBe('of-the-project');
  expect(await partition({}, './mine.yaml')).toBe('of-the-caller');
  expect(await partition({ HPC_GAT_SITE: './mine.yaml' })).toBe('of-the-caller');
});

test('an empty variable has no effect', async () => {
  await project('site: lab\nslurm: { partition: long, account: physics }\n');
  const env = { HPC_GAT_SITE: '', HPC_GAT_PARTITION: '', HPC_GAT_ACCOUNT: '' };
  expect(await loadProject(testContext({ cwd: root, env }))).toMatchObject({
    site: 'lab',
    settings: { slurm: { partition: 'long', account: 'physics', gpu: { partition: 'gpu' } } },
  });
});

test.each([
  ['labb', 'did you mean "lab"? '],
  ['Narval', 'did you mean "alliance-narval"? '],
  ['gautsch', 'did you mean "purdue-gautschi"? '],
  ['nowhere-at-all', ''],
])('suggests site names for the unknown %s', async (site, meant) => {
  await project(`site: ${site}`);
  await expect(loadProject(testContext({ cwd: root, env: {} }))).rejects.toMatchObject({
    fix: `${meant}see docs/guides/sites.md for all, or give the path of your own profile`,
  });
});

test('a configuration file named by the user must exist', async () => {
  await expect(
    loadProject(testContext({ cwd: root, env: {} }), { configFile: 'no.yaml' }),
  ).rejects.toMatchObject({
    exitCode: 2,
  });
});
