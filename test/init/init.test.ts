import { beforeEach, expect, test } from '@jest/globals';
import { mkdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { loadProject } from '../../src/config/load.ts';
import { main } from '../../src/main.ts';
import { testContext } from '../support/context.ts';
import { fakePrograms } from '../support/fake-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

let cwd = '';

beforeEach(() => {
  cwd = temporaryDirectory();
});

const sinfo = (...lines: string[]) => lines.map((line) => `echo '${line}'`).join('\n');
const absent = { sinfo: 'exit 1', sacctmgr: 'exit 1' };

/** Calls `init` with these programs on the PATH, without a module system unless HOME has one. */
async function init(programs: Record<string, string>, ...argv: string[]) {
  const env = { PATH: fakePrograms({ ...absent, ...programs }), HOME: cwd, USER: 'alice' };
  const context = testContext({ cwd, env });
  const exitCode = await main(['init', ...argv], context);
  return { exitCode, results: context.results, messages: context.messages.join('\n') };
}

async function settings() {
  return (await loadProject(testContext({ cwd, env: {} }))).settings;
}

test('reads account, partitions and GPUs from Slurm, files from the directory', async () => {
  await mkdir(path.join(cwd, 'models', 'mine'), { recursive: true });
  await writeFile(path.join(cwd, 'old.sif'), '');
  await writeFile(path.join(cwd, 'new.sif'), '');
  await utimes(path.join(cwd, 'old.sif'), 1, 1);
  const { exitCode } = await init({
    sinfo: sinfo(
      'cpu*|(null)|1:00:00|4|4000|up',
      'gpu-debug|gpu:a100:1|15:00|64|500000|up',
      'gpu|gpu:a100:4(S:0-1)|7-00:00:00|64|500000|up',
      'gpu|gpu:h100:4|7-00:00:00|64|900000|up',
    ),
    sacctmgr: `[ "$4" = alice ] && echo physics`,
  });
  expect(exitCode).toBe(0);
  expect(await settings()).toMatchObject({
    image: { file: 'new.sif' },
    model: { repository: 'models', name: 'mine' },
    slurm: {
      account: 'physics',
      partition: 'cpu',
      memory: '3000M',
      gpu: { partition: 'gpu', request: 'gres', count: 1 },
    },
  });
  const text = await readFile(path.join(cwd, 'hpc-gat.yaml'), 'utf8');
  expect(text).toContain('# Your default account in sacctmgr.\n  account: physics');
  expect(text).toContain('By default any type; available: a100, h100.');
  expect(text).toContain('Others: gpu-debug; sinfo does not show');
  expect(text).toContain('The newest *.sif of this directory. Others: old.sif.');
});

test('requests no more than the nodes and the partition have', async () => {
  await init({ sinfo: sinfo('tiny*|gpu:1|10:00|1|2000|up') });
  expect((await settings()).slurm).toMatchObject({
    partition: 'tiny',
    time: '10',
    cpus: 1,
    memory: '1500M',
    gpu: { partition: 'tiny' },
  });
  expect((await settings()).slurm.gpu).not.toHaveProperty('memory');
});

test.each([
  ['no Slurm', { sinfo: 'exit 127' }],
  ['a controller that is away', { sinfo: 'echo "sinfo: error: Unable to contact" >&2; exit 1' }],
  ['partitions that are down', { sinfo: sinfo('old|gpu:4|infinite|8|9000|down') }],
  ['no GPUs', { sinfo: sinfo('odd name*|(null)|infinite|8|9000|up') }],
  ['GPUs everywhere, no default', { sinfo: sinfo("it's|gpu:4|infinite|8|9000|up") }],
  ['hostile names', { sinfo: sinfo('#x: y*|gpu:a b:4|infinite|8|9000|up'), sacctmgr: 'echo "- a: [b"' }],
])('produces a valid file with %s', async (_what, programs) => {
  const { exitCode } = await init(programs);
  expect(exitCode).toBe(0);
  expect(await settings()).toMatchObject({ image: { file: 'triton.sif' }, model: { name: 'gat_test' } });
});

test('loads a module when the runtime is not on the PATH, and none otherwise', async () => {
  await writeFile(path.join(cwd, '.bash_profile'), "module() { echo 'apptainer/1.3.4'; }\n");
  const [text] = (await init({ apptainer: 'exit 0' }, '--dry-run')).results;
  expect(text).toMatch(/# Not needed on .*\n# setup:\n# {3}- module load apptainer/);
  const onlyBash = path.join(cwd, 'bin');
  await mkdir(onlyBash);
  await symlink('/bin/bash', path.join(onlyBash, 'bash'));
  const context = testContext({ cwd, env: { PATH: onlyBash, HOME: cwd, USER: 'alice' } });
  expect(await main(['init'], context)).toBe(0);
  expect(await readFile(path.join(cwd, 'hpc-gat.yaml'), 'utf8')).toContain('sinfo is not on this host');
  expect((await settings()).setup).toEqual(['module load apptainer']);
});

test('does not guess values that the profile of a site has', async () => {
  await init({ sinfo: sinfo('x*|gpu:4|infinite|1|900|up'), sacctmgr: 'echo other' }, '--site', 'lab');
  const { site, settings: merged } = await loadProject(testContext({ cwd, env: {} }));
  expect(site).toBe('lab');
  expect(merged.slurm).toMatchObject({ partition: 'cpu', account: 'physics', memory: '3000M' });
});

test('guesses no partition where the site selects the one with GPUs itself', async () => {
  await writeFile(path.join(cwd, 'finds.yaml'), 'description: x\nslurm: { gpu: { request: gres } }\n');
  await init({ sinfo: sinfo('x*|gpu:4|infinite|1|900|up') }, '--site', './finds.yaml');
  const { slurm } = await settings();
  expect(slurm).not.toHaveProperty('partition');
  expect(slurm.gpu).not.toHaveProperty('partition');
});

test('never replaces a file without --force', async () => {
  const file = path.join(cwd, 'hpc-gat.yaml');
  await writeFile(file, 'site: lab\n');
  const refused = await init({});
  expect(refused).toMatchObject({
    exitCode: 2,
    messages: expect.stringMatching(/exists already\n {2}fix: .*--force/),
  });
  expect((await init({}, '--dry-run')).exitCode).toBe(0);
  expect(await readFile(file, 'utf8')).toBe('site: lab\n');
  expect((await init({}, '--force')).exitCode).toBe(0);
  expect(await readFile(file, 'utf8')).toContain('site: generic');
});

test('reports the origin of each value with --json', async () => {
  const { results } = await init({ sinfo: sinfo('p*|(null)|infinite|8|9000|up') }, '--json', '--dry-run');
  expect(results).toMatchObject([
    {
      written: false,
      guesses: expect.arrayContaining([
        { key: 'slurm.partition', value: 'p', why: 'The default of sinfo: no GPUs, no time limit.' },
      ]),
    },
  ]);
});

test('rejects an unknown site before any query', async () => {
  expect(await init({}, '--site', 'labb')).toMatchObject({ exitCode: 2 });
});

test('no line of the file is longer than a screen, however many site profiles exist', async () => {
  const { results } = await init({}, '--dry-run');
  const lines = String(results[0]).split('\n');
  expect(lines.filter((line) => line.length > 110)).toEqual([]);
  expect(lines.join('\n')).toMatch(/alliance-narval[^]*\n# {3}\S/);
});
