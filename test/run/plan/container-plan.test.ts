import { describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Settings } from '../../../src/config/schema.ts';
import { renderRelease, renderScript } from '../../../src/run/plan/script.ts';
import { fakePrograms } from '../../support/fake-program.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { samplePlan } from './sample-plan.ts';

const dockerHost = 'unix:///var/run/docker.sock';
const container = 'hpc-gat-sample-6c946d41';
const local = { kind: 'local', dockerHost } as const;

test.each<[Settings, string]>([
  [{ image: { source: 'docker-daemon:triton' } }, 'triton:latest'],
  [
    { image: { source: 'docker://nvcr.io/nvidia/tritonserver:24.05-py3' } },
    'nvcr.io/nvidia/tritonserver:24.05-py3',
  ],
  [{ image: { source: 'docker-daemon:triton:1' }, docker: { image: 'other:2' } }, 'other:2'],
])('with %j, Docker runs %s', (settings, image) => {
  expect(samplePlan({ ...settings, runtime: 'docker' }, local)).toMatchObject({
    runtime: 'docker',
    image,
    dockerHost,
  });
});

test('a batch job that would serve is explained how to use Docker', () => {
  const settings = { docker: { image: 'triton:1' }, runtime: 'docker' } as const;
  const refused = expect(() => samplePlan(settings, { kind: 'job', serve: true, dockerHost }));
  refused.toThrow(expect.objectContaining({ exitCode: 2, fix: expect.stringContaining('`hpc-gat start`') }));
});

test.each([
  ['tcp://127.0.0.1:2375', true],
  ['tcp://localhost:2375', true],
  ['tcp://[::1]:2375', true],
  ['tcp://10.1.2.3:2375', false],
  ['tcp://builder', false],
])('a run uses the daemon at %s: %s', (url, possible) => {
  const plan = () =>
    samplePlan({ docker: { image: 'triton:1' }, runtime: 'docker' }, { ...local, dockerHost: url });
  if (possible) {
    expect(plan()).toMatchObject({ dockerHost: url });
  } else {
    expect(plan).toThrow(/is on another machine/);
  }
});

test.each<[Settings, 'job' | 'local', RegExp]>([
  [{ docker: { image: 'triton:1' } }, 'job', /batch job runs with Apptainer/],
  [{ image: { source: 'docker-archive:/x.tar' } }, 'local', /this run has no Docker image/],
  [
    { docker: { image: 'triton:1' }, client: { where: 'image', image: { source: 'oci:layout' } } },
    'local',
    /the client has no Docker image/,
  ],
])('with %j, a %s with Docker is rejected', (settings, kind, message) => {
  expect(() => samplePlan({ ...settings, runtime: 'docker' }, { ...local, kind })).toThrow(message);
});

/**
 * Returns the arguments of each call of docker, when the script of a run starts its container and then tritonserver.
 */
async function callsOfDocker(
  settings: Settings,
  { gpu = false, env = {}, docker = '' }: { gpu?: boolean; env?: Record<string, string>; docker?: string },
): Promise<string[][]> {
  const directory = temporaryDirectory();
  mkdirSync(path.join(directory, 'owned'));
  const script = await renderScript(samplePlan({ runtime: 'docker', ...settings }, { ...local, gpu }));
  const functions = script.replace(/main "\$@"\n$/, '');
  const steps = `
    run_directory=${directory} owned=${directory}/owned temp_directory='/tmp/a "b",c' container_arguments+=(--further)
    set -u
    choose_address
    choose_environment
    start_container
    choose_ports() { ports=(20001 20002 20003); }
    choose_ports 3
    (exec_in_container tritonserver --model-repository=/models)
    [ "$client_where" != image ] || { use_client_in_image; "\${client[@]}" --version; }`;
  const fake = `
    case "$1 $*" in
      'info '*) echo ' Security Options:'; exit ;;
      'image image inspect '*) echo '[]'; exit ;;
      *) printf '%s\\0' "$@" '' >>${directory}/calls ;;
    esac
    ${docker}`;
  await execa('bash', ['-c', functions + steps], {
    env: {
      PATH: fakePrograms({
        docker: fake,
        id: `case $1 in -u) echo 7 ;; -G) echo 8 9 ;; -un) echo ada ;; *) echo 8 ;; esac`,
      }),
      ...env,
    },
    extendEnv: false,
  });
  const { stdout } = await execa('cat', [`${directory}/calls`], { stripFinalNewline: false });
  return stdout
    .replaceAll(directory, '/directory')
    .split('\0\0')
    .filter((call) => call !== '')
    .map((call) => call.split('\0').map((word) => word.replace(/^\/dev\/fd\/\d+$/, '/dev/fd/N')));
}

describe('docker receives', () => {
  const image = { image: { source: 'docker-daemon:triton:24.05' } };

  test('exactly these arguments', async () => {
    const [network, trial, server] = await callsOfDocker(
      { ...image, docker: { arguments: ['--cpus', '2'] }, triton: { http: true } },
      { gpu: true },
    );
    const labels = ['--label', 'hpc-gat.run=sample', '--label', 'hpc-gat.owned=/directory/owned'];
    expect(network).toEqual(['network', 'create', ...labels, container]);
    const before = [
      ...['run', '--name', container, ...labels, '--network', container],
      ...['--env', 'HOME=/tmp', '--env', 'USER=ada'],
      ...['--userns', 'host', '--user', '7:8', '--group-add', '8', '--group-add', '9'],
      ...['--env-file', '/dev/fd/N', '--gpus', 'all', '--ulimit', 'memlock=-1', '--ulimit', 'stack=67108864'],
    ];
    const published = ['--publish', '127.0.0.1:20001:20001', '--publish', '127.0.0.1:20002:20002'];
    const after = [
      ...['--rm', '--init', '--pull', 'never', '--log-driver', 'none'],
      ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--security-opt', 'label=disable'],
      ...['--shm-size', '1g'],
      ...['--mount', 'type=bind,source=/home/alice/gat/models,destination=/models,ro'],
      ...['--cpus', '2', '--further', '--workdir', '/', '--entrypoint'],
    ];
    const withoutGpu = before.filter((word) => word !== '--gpus' && word !== 'all');
    expect(trial).toEqual([...withoutGpu, ...after, 'true', 'triton:24.05']);
    expect(server).toEqual([
      ...before,
      ...published,
      ...after,
      ...['tritonserver', 'triton:24.05', '--model-repository=/models'],
    ]);
  });

  test('these for a client in an image', async () => {
    const [, , , client] = await callsOfDocker(
      { ...image, client: { where: 'image', image: { source: 'docker-daemon:client:1' } } },
      {},
    );
    const [run, repository] = ['/home/alice/gat/.hpc-gat/runs/sample', '/home/alice/gat/models'];
    expect(client).toEqual([
      ...['run', '--label', 'hpc-gat.run=sample', '--label', 'hpc-gat.owned=/directory/owned'],
      ...['--env', 'HOME=/tmp', '--env', 'USER=ada'],
      ...['--userns', 'host', '--user', '7:8', '--group-add', '8', '--group-add', '9'],
      ...['--rm', '--init', '--pull', 'never', '--log-driver', 'none'],
      ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--security-opt', 'label=disable'],
      ...['--network', 'host', '--tmpfs', '/tmp'],
      ...['--mount', `type=bind,source=${run},destination=${run}`],
      ...['--mount', `type=bind,source=${repository},destination=${repository},ro`],
      ...['--workdir', '/', '--entrypoint', 'hpc-gat', 'client:1', '--version'],
    ]);
  });

  test.each([
    ['2', ['--gpus', '"device=2"']],
    ['0,GPU-8f2a', ['--gpus', '"device=0,GPU-8f2a"']],
    ['', []],
  ])('the GPUs of CUDA_VISIBLE_DEVICES=%s', async (devices, expected) => {
    const [, , server = []] = await callsOfDocker(image, {
      gpu: true,
      env: { CUDA_VISIBLE_DEVICES: devices },
    });
    const at = server.indexOf('--gpus');
    expect(at < 0 ? [] : server.slice(at, at + 2)).toEqual(expected);
  });

  test('no limits that the daemon cannot set', async () => {
    const refusal = `case "$*" in *memlock*) echo 'error setting rlimit type 8' >&2; exit 125 ;; esac`;
    const calls = await callsOfDocker(image, { docker: refusal });
    const limits = calls.slice(1).map((call) => call.filter((_word, at) => call[at - 1] === '--ulimit'));
    expect(limits).toEqual([['memlock=-1', 'stack=67108864'], ['stack=67108864'], ['stack=67108864']]);
  });
});

test.each([
  ['does not answer', 'echo "Cannot connect to the Docker daemon" >&2; exit 1', 3, true],
  ['fails at what it is asked', 'case $* in "ps --quiet") ;; *) exit 1 ;; esac', 1, true],
  ['has nothing of the run any more', ':', 0, false],
])('records are kept when the daemon %s', async (_what, docker, exitCode, kept) => {
  const owned = path.join(temporaryDirectory(), 'owned');
  mkdirSync(owned);
  writeFileSync(path.join(owned, 'network'), `${container}\n`);
  const plan = samplePlan({ runtime: 'docker', docker: { image: 'triton:1' } }, local);
  const result = await execa('bash', ['-s'], {
    input: await renderRelease(plan, owned),
    env: { PATH: fakePrograms({ docker }) },
    extendEnv: false,
    reject: false,
  });
  expect({ exitCode: result.exitCode, kept: existsSync(owned) }).toEqual({ exitCode, kept });
});
