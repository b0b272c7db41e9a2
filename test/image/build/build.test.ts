import { describe, expect, test } from '@jest/globals';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Settings } from '../../../src/config/schema.ts';
import { parseBase, resolveBaseFile } from '../../../src/image/build/base.ts';
import { selectTargets } from '../../../src/image/build/build-images.ts';
import {
  buildWithDocker,
  getDockerBuildArguments,
  explainMissingDocker,
} from '../../../src/image/build/build-with-docker.ts';
import { fillBuildDirectory } from '../../../src/image/build/build-directory.ts';
import { planBuild, type BuildTarget } from '../../../src/image/build/plan-build.ts';
import { UsageError } from '../../../src/support/errors.ts';
import { answerJson, fakeDaemon, imageId, inspectAnswer } from '../../docker/fake-daemon.ts';
import { sampleSettings } from '../../run/plan/sample-plan.ts';
import { testContext } from '../../support/context.ts';
import { fakePrograms } from '../../support/fake-program.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const plan = (settings: Settings, target: BuildTarget = 'server', root = '/p', executable?: string) =>
  planBuild({ root, site: 'generic', settings: sampleSettings(settings) }, target, executable);

test.each([
  ['debian:13', { dockerName: 'debian:13', bootstrap: 'docker', from: 'debian:13' }],
  ['docker://nvcr.io/a/b', { dockerName: 'nvcr.io/a/b:latest', bootstrap: 'docker' }],
  ['docker-daemon:mine:1', { dockerName: 'mine:1', bootstrap: 'docker-daemon', from: 'mine:1' }],
  ['docker-archive:a.tar', { dockerName: undefined, bootstrap: 'docker-archive', from: '/p/a.tar' }],
  ['oci-archive:a.tar:1', { dockerName: undefined, bootstrap: 'oci-archive', from: '/p/a.tar:1' }],
  ['base.sif', { dockerName: undefined, bootstrap: 'localimage', from: '/p/base.sif' }],
])('accepts the base %s', (text, base) => {
  expect(parseBase(text, '/p')).toMatchObject(base);
});

test.each([
  ['../base.sif', '/p/base.sif'],
  ['oci-archive:a.tar:1', 'oci-archive:/p/q/a.tar:1'],
  ['debian:13', 'debian:13'],
  ['docker://nvcr.io/a/b', 'docker://nvcr.io/a/b'],
])('resolves the base %s of the command line against the working directory', (text, absolute) => {
  expect(resolveBaseFile(text, '/p/q')).toBe(absolute);
});

test('rejects a definition file as the base, with the alternative', () => {
  expect(() => parseBase('defs/mine.def', '/p')).toThrow(
    expect.objectContaining({
      message: expect.stringContaining('a definition file cannot be a base'),
      fix: expect.stringContaining('make-sif defs/mine.def -o base.sif'),
    }),
  );
});

describe('a build', () => {
  test("uses NVIDIA's image of a known release, unless a base is given", async () => {
    expect(await plan({ build: { release: '23.10' } })).toMatchObject({
      base: { dockerName: 'nvcr.io/nvidia/tritonserver:23.10-py3' },
      release: { cuda: '12.2.2' },
      dockerTag: 'hpc-gat/server:latest',
      sif: '/p/triton.sif',
    });
    expect(await plan({ build: { server: { base: 'mine:1' } } })).toMatchObject({
      base: { dockerName: 'mine:1' },
      release: undefined,
    });
    await expect(plan({ build: { release: '19.99' } })).rejects.toThrow(UsageError);
  });

  test('gives the image the name that make-sif looks for', async () => {
    const image = (source: string) => plan({ image: { source } });
    expect((await image('docker-daemon:lab/triton:1')).dockerTag).toBe('lab/triton:1');
    expect((await image('docker://lab/triton:1')).dockerTag).toBe('hpc-gat/server:latest');
  });

  test('of a client uses the self-contained file, or the configured one', async () => {
    expect((await plan({}, 'client', '/p', '/x/hpc-gat')).extraFiles).toEqual({ 'hpc-gat': '/x/hpc-gat' });
    const configured = await plan({ client: { binary: 'bin/h' } }, 'client', '/p', '/x/hpc-gat');
    expect(configured.extraFiles).toEqual({ 'hpc-gat': '/p/bin/h' });
    await expect(plan({}, 'client')).rejects.toThrow(/self-contained/);
  });

  test.each<[Settings['client'], BuildTarget[]]>([
    [{}, ['server']],
    [{ where: 'image' }, ['server', 'client']],
    [{ binary: 'bin/h' }, ['server', 'client']],
  ])('with client: %j builds all and is one of %j', (client = {}, targets) => {
    const context = testContext();
    const project = { root: '/p', site: 'generic', settings: sampleSettings({ client }) };
    expect(selectTargets('all', project, context)).toEqual(targets);
    expect(context.messages).toEqual(
      targets.length === 2 ? [] : [expect.stringMatching(/^no client image: client\.where is host/)],
    );
  });

  test('passes all settings to Docker', async () => {
    const settings = { packageIndex: 'https://pypi.example.org/simple', server: { base: 'mine:1' } };
    const env = { https_proxy: 'http://user:secret@proxy:3128', HTTP_PROXY: '' };
    expect(getDockerBuildArguments(await plan({ build: settings }), ['--network', 'host'], env)).toEqual([
      ...['build', '--tag', 'hpc-gat/server:latest', '--build-arg', 'BASE=mine:1'],
      ...['--build-arg', 'PIP_INDEX_URL=https://pypi.example.org/simple'],
      ...['--build-arg', 'https_proxy', '--network', 'host'],
      '/p/.hpc-gat/build/server',
    ]);
    const local = await plan({ build: { server: { base: 'a.sif' } } });
    expect(() => getDockerBuildArguments(local, [], {})).toThrow(/--with apptainer|Docker does not support/);
  });

  test('copies its files into one directory, and leaves unchanged ones alone', async () => {
    const root = temporaryDirectory();
    await mkdir(path.join(root, 'x'));
    await writeFile(path.join(root, 'x', 'mine.txt'), 'numpy\n');
    const settings = { build: { server: { base: 'mine:1', requirements: 'x/mine.txt' } } };
    const server = await plan(settings, 'server', root);
    const file = path.join(server.directory, 'requirements.txt');
    await fillBuildDirectory(server, testContext({ cwd: root }));
    expect(await readFile(file, 'utf8')).toBe('numpy\n');
    expect(await readFile(path.join(server.directory, 'server.def'), 'utf8')).toContain('From: {{ BASE }}');
    const before = await stat(file, { bigint: true });
    await fillBuildDirectory(server, testContext({ cwd: root }));
    expect((await stat(file, { bigint: true })).ctimeNs).toBe(before.ctimeNs);
    await writeFile(path.join(root, 'x', 'mine.txt'), 'scipy\n');
    await fillBuildDirectory(server, testContext({ cwd: root }));
    expect(await readFile(file, 'utf8')).toBe('scipy\n');
  });
});

describe('docker build', () => {
  const build = async (script: string | undefined) => {
    await using daemon = await fakeDaemon((_path, response) => {
      answerJson(response, 200, inspectAnswer());
    });
    const PATH = script === undefined ? temporaryDirectory() : fakePrograms({ docker: script });
    const context = testContext({ env: { PATH, DOCKER_HOST: daemon.url } });
    expect(await explainMissingDocker(context)).toBeUndefined();
    return await buildWithDocker(context, await plan({ build: { server: { base: 'mine:1' } } }), []);
  };

  test('ends with the image that the daemon has built', async () => {
    expect(await build('exit 0')).toEqual({ id: imageId, sizeBytes: 5 });
  });

  test.each([
    ['#7 0.3 /usr/bin/python3: No module named pip', /base that has pip/],
    ['ERROR: No matching distribution found for nosuch', /--package-index/],
    ['ERROR: pull access denied for nosuch', /docker login/],
  ])('reports its output and the fix after the failure %j', async (line, fix) => {
    await expect(build(`echo '${line}' >&2; exit 1`)).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringContaining(line) as unknown,
      fix: expect.stringMatching(fix) as unknown,
    });
  });

  test('is reported as impossible without a docker command', async () => {
    await expect(build(undefined)).rejects.toMatchObject({ exitCode: 3 });
  });

  test('is not attempted where no daemon answers', async () => {
    const context = testContext({ env: { DOCKER_HOST: 'unix:///nowhere.sock' } });
    expect(await explainMissingDocker(context)).toMatch(/no Docker daemon/);
  });
});
