import { beforeEach, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { loadProject } from '../../src/config/load.ts';
import { main } from '../../src/main.ts';
import { testContext } from '../support/context.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

let outer = '';
let root = '';
let cwd = '';
let file = '';

/** OUTER/project/sub/deep, with a configuration file in OUTER/project. */
beforeEach(async () => {
  outer = temporaryDirectory();
  await chmod(outer, 0o755);
  root = path.join(outer, 'project');
  cwd = path.join(root, 'sub', 'deep');
  file = path.join(root, 'hpc-gat.yaml');
  await mkdir(cwd, { recursive: true });
  await writeFile(file, 'model: { name: found }', { mode: 0o644 });
});

async function load(env: Record<string, string> = {}, configFile?: string) {
  const context = testContext({ cwd, env });
  const { root: found, settings } = await loadProject(context, { configFile });
  return { root: found, model: settings.model.name, messages: context.messages };
}

const unused = { root: expect.any(String), model: 'gat_test' };

test('a file that only its owner can change is used', async () => {
  expect(await load()).toEqual({ root, model: 'found', messages: [] });
});

test.each<[string, () => Promise<void>, RegExp]>([
  ['everybody can write it', () => chmod(file, 0o666), /it belongs to \w+ and can be changed by everybody/],
  [
    'everybody can replace it',
    () => chmod(root, 0o777),
    /\/project belongs to \w+ and can be changed by everybody/,
  ],
  ['everybody can replace a directory above it', () => chmod(outer, 0o777), /changed by everybody/],
  [
    'it is a directory',
    async () => {
      await execa('rm', [file]);
      await mkdir(file);
    },
    /it is a directory/,
  ],
  [
    'it is a named pipe that nobody writes to',
    async () => {
      await execa('sh', ['-c', 'rm "$1" && mkfifo -m 600 "$1"', 'sh', file]);
    },
    /it is not a regular file/,
  ],
  [
    'it is a link to a file that everybody can write',
    async () => {
      const target = path.join(outer, 'elsewhere.yaml');
      await writeFile(target, 'model: { name: planted }');
      await chmod(target, 0o666);
      await execa('rm', [file]);
      await symlink(target, file);
    },
    /elsewhere\.yaml belongs to \w+ and can be changed by everybody/,
  ],
])('a file is ignored with one line of explanation: %s', async (_what, plant, reason) => {
  await plant();
  const { messages, ...loaded } = await load();
  expect(loaded).toEqual({ root: cwd, model: 'gat_test' });
  expect(messages).toEqual([expect.stringMatching(reason)]);
  expect(messages[0]).toContain(`${file} is not used: `);
  expect(messages[0]).toContain(`; to use it anyway: --config ${file}`);
});

test('files in a home that is closed to others are safe, whatever a umask left open', async () => {
  await chmod(outer, 0o700);
  await chmod(root, 0o777);
  await chmod(file, 0o666);
  expect(await load()).toEqual({ root, model: 'found', messages: [] });
  await chmod(outer, 0o710);
  expect((await load()).messages).toEqual([expect.stringMatching(/changed by everybody/)]);
});

test.each([
  ['an absolute', (target: string) => target],
  ['a relative', (target: string) => `../${path.basename(path.dirname(target))}/open.yaml`],
])('a link out of such a home, with %s path, does not make its target safe', async (_kind, pathOf) => {
  const open = path.join(temporaryDirectory(), 'open.yaml');
  await chmod(path.dirname(open), 0o755);
  await writeFile(open, 'model: { name: planted }');
  await chmod(open, 0o666);
  await chmod(outer, 0o700);
  cwd = outer;
  await symlink(pathOf(open), path.join(outer, 'hpc-gat.yaml'));
  expect(await load()).toEqual({ ...unused, messages: [expect.stringMatching(/changed by everybody/)] });
});

test('a file named by the user is used, no matter who can change it', async () => {
  await chmod(file, 0o666);
  expect(await load({}, '../../hpc-gat.yaml')).toEqual({ root, model: 'found', messages: [] });
});

test('the search continues above an ignored file', async () => {
  await writeFile(path.join(root, 'sub', 'hpc-gat.yaml'), 'model: { name: planted }');
  await chmod(path.join(root, 'sub', 'hpc-gat.yaml'), 0o666);
  expect(await load()).toEqual({
    root,
    model: 'found',
    messages: [expect.stringMatching(/sub\/hpc-gat\.yaml is not used/)],
  });
});

test('the search ends at the home directory, by any path to it', async () => {
  const link = path.join(outer, 'home');
  await symlink(path.join(root, 'sub'), link);
  expect(await load({ HOME: link })).toEqual({ ...unused, messages: [] });
  expect(await load({ HOME: root })).toEqual({ root, model: 'found', messages: [] });
});

test('the search ends below a sticky directory, which can itself be a project', async () => {
  await chmod(root, 0o1777);
  expect(await load()).toEqual({ ...unused, messages: [] });
  cwd = root;
  expect(await load()).toEqual({ root, model: 'found', messages: [] });
});

test('the search ends at a mount point', async () => {
  cwd = '/proc';
  expect(await load()).toEqual({ root: '/proc', model: 'gat_test', messages: [] });
});

test.each([
  ['its content', (profile: string) => chmod(profile, 0o666)],
  ['its directory', (profile: string) => chmod(path.dirname(profile), 0o777)],
])(
  'a site profile that a discovered file names is rejected where others can change %s',
  async (_what, open) => {
    const profile = path.join(root, 'sites', 'own.yaml');
    await mkdir(path.dirname(profile));
    await writeFile(profile, 'description: x\nsetup: [touch planted]\n');
    await writeFile(file, 'site: ./sites/own.yaml');
    await open(profile);
    await expect(load()).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/the site profile .*own\.yaml is not used: .*everybody/),
      fix: `to use it anyway: --site ${profile}`,
    });
    expect((await load({ HPC_GAT_SITE: profile })).root).toBe(root);
    expect((await load({}, file)).root).toBe(root);
  },
);

test('no verb fails because of a directory of that name', async () => {
  await execa('rm', [file]);
  await mkdir(file);
  const context = testContext({ cwd });
  expect(await main(['status'], context)).toBe(0);
  expect(context.results).toEqual(['no run yet']);
});
