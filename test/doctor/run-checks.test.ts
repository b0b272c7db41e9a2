import { expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { formatCheckResults, type CheckResult } from '../../src/doctor/run-checks.ts';
import { answerJson, fakeDaemon } from '../docker/fake-daemon.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { checkHost, healthyPrograms, type Host } from './check-host.ts';

/** Output in the form of Slurm 24.11. */
const withoutCluster = {
  scontrol: 'echo "scontrol: fatal: Could not establish a configuration source" >&2; exit 1',
  sinfo: 'echo "sinfo: fatal: Could not establish a configuration source" >&2; exit 1',
};

async function diagnose(host: Host) {
  const diagnoses = await checkHost(host);
  return (name: string): CheckResult[] => diagnoses.filter(({ check }) => check === name);
}

test('a healthy host has no error, and every fix belongs to a problem', async () => {
  const found = await diagnose({});
  expect(found('runtime')).toMatchObject([
    { status: 'ok', message: expect.stringContaining('apptainer 1.4.5') },
  ]);
  expect(found('slurm')).toMatchObject([{ status: 'ok' }]);
  expect(found('partitions')).toMatchObject([{ status: 'ok', message: 'here: cpu, gpu' }]);
  expect(found('accounts')).toMatchObject([{ status: 'ok', message: 'yours: physics, teaching' }]);
  expect(found('temp')).toMatchObject([{ status: 'ok' }]);
});

test.each<[string, Host, string, object]>([
  [
    'no user namespaces',
    { programs: { unshare: 'exit 1' } },
    'user-namespaces',
    { status: 'warning', fix: expect.stringMatching(/setuid/) },
  ],
  [
    'a controller that is down',
    { programs: { scontrol: 'echo "Slurmctld(primary) at ctl is DOWN"; exit 1' } },
    'slurm',
    { status: 'error', message: expect.stringMatching(/is DOWN/) },
  ],
  [
    'a controller that prints nothing on its standard output',
    { programs: { scontrol: 'echo "scontrol: error: one" >&2; echo "scontrol: error: two" >&2; exit 1' } },
    'slurm',
    { status: 'error', message: 'the controller does not answer: one; two' },
  ],
  [
    "Slurm's programs without a cluster",
    { programs: withoutCluster },
    'slurm',
    { status: 'note', message: expect.stringMatching(/no cluster is configured/) },
  ],
  [
    'no cluster to ask for partitions',
    { programs: withoutCluster },
    'partitions',
    { status: 'note', message: 'not checked: no Slurm on this host' },
  ],
  [
    'a configuration that is named and not there',
    { programs: withoutCluster, env: { SLURM_CONF: '/nowhere' } },
    'slurm',
    { status: 'error' },
  ],
  [
    'a partition that is misspelt',
    { settings: { slurm: { gpu: { partition: 'gpux' } } } },
    'partitions',
    { status: 'error', fix: 'did you mean "gpu"? partitions here: cpu, gpu' },
  ],
  [
    'a type of GPU that is not in that partition',
    { settings: { slurm: { gpu: { partition: 'gpu', type: 'a10' } } } },
    'partitions',
    {
      status: 'error',
      message: 'no GPU of type "a10" is in gpu',
      fix: 'did you mean "a100"? types in gpu: a100, h100',
    },
  ],
  [
    'a type of GPU in capitals, which Slurm takes',
    { settings: { slurm: { partition: 'gpu', gpu: { type: 'A100' } } } },
    'partitions',
    { status: 'ok' },
  ],
  [
    'an account that is misspelt',
    { settings: { slurm: { account: 'phisics', qos: 'debug' } } },
    'accounts',
    {
      status: 'warning',
      message: '"phisics" is not one of your accounts on this cluster',
      fix: 'did you mean "physics"? yours: physics, teaching',
    },
  ],
  [
    'a QOS that the account may not use',
    { settings: { slurm: { account: 'physics', gpu: { account: 'teaching', qos: 'debug' } } } },
    'accounts',
    { status: 'warning', message: '"debug" is not one of your QOS on this cluster', fix: 'yours: normal' },
  ],
  [
    'no accounting',
    { programs: { sacctmgr: 'echo "sacctmgr: error: no database" >&2; exit 1' } },
    'accounts',
    { status: 'note', message: 'Slurm accounting lists no account of yours' },
  ],
  [
    'no directory for temporary files',
    { settings: { node: { temp: ['/nowhere/at/all'] } } },
    'temp',
    { status: 'error', fix: expect.stringMatching(/node\.temp/) },
  ],
  [
    'too little space for temporary files',
    { settings: { node: { tempFreeMiB: 1_000_000_000 } } },
    'temp',
    { status: 'error', message: expect.stringMatching(/MiB free, 1000000000 needed/) },
  ],
  [
    'a GPU node without a GPU',
    { programs: { 'nvidia-smi': 'exit 9' }, gpu: true },
    'gpu',
    { status: 'error' },
  ],
  ['a login node without a GPU', { programs: { 'nvidia-smi': 'exit 9' } }, 'gpu', { status: 'note' }],
  [
    'a GPU',
    { programs: { 'nvidia-smi': 'echo "GPU 0: X"' }, gpu: true },
    'gpu',
    { status: 'ok', message: 'GPU 0: X' },
  ],
  [
    'a home whose quota is nearly used up',
    {
      programs: { quota: 'echo "$(stat --format=%m "$HOME") 9000000 10000000 10000000 0 1 0 0 0"' },
      env: { HOME: '/etc' },
    },
    'home-quota',
    { status: 'warning', message: expect.stringMatching(/8\.6 GiB of 9\.5 GiB used \(quota\), .* left$/) },
  ],
  [
    "Apptainer's cache in such a home",
    {
      programs: { quota: 'echo "$(stat --format=%m "$HOME") 9000000 10000000 10000000 0 1 0 0 0"' },
      env: { HOME: '/etc' },
    },
    'runtime-cache',
    { status: 'warning', fix: expect.stringMatching(/APPTAINER_CACHEDIR/) },
  ],
  [
    'a cache elsewhere',
    { env: { APPTAINER_CACHEDIR: '/nowhere' } },
    'runtime-cache',
    { status: 'ok', message: '/nowhere: does not exist yet' },
  ],
  [
    'a directory for layers whose variable is not set',
    { settings: { cache: { folder: '$NOWHERE/layers' } } },
    'layer-cache',
    { status: 'error', message: expect.stringMatching(/but \$NOWHERE is not set/) },
  ],
  ['no Docker', { env: { DOCKER_HOST: 'unix:///nowhere' } }, 'docker', { status: 'note' }],
  [
    'variables of an outer job and a proxy',
    { env: { SLURM_JOB_ID: '1', http_proxy: 'x' } },
    'environment',
    { status: 'note', message: "SLURM_JOB_ID: not passed to Slurm's programs" },
  ],
])('reports %s', async (_what, host, check, finding) => {
  expect((await diagnose(host))(check)[0]).toMatchObject(finding);
});

test.each([
  ['no toolkit', {}, ['runc'], { status: 'warning', fix: expect.stringMatching(/nvidia-container-toolkit/) }],
  ["NVIDIA's runtime", {}, ['runc', 'nvidia'], { status: 'ok' }],
  ["NVIDIA's hook alone", { 'nvidia-container-runtime-hook': '' }, ['runc'], { status: 'ok' }],
])('reports how Docker passes GPUs: %s', async (_what, programs, runtimes, finding) => {
  const Runtimes = Object.fromEntries(runtimes.map((name) => [name, {}]));
  await using daemon = await fakeDaemon((_path, response) => {
    answerJson(response, 200, { ServerVersion: '28.0', Runtimes });
  });
  const found = await diagnose({ programs, gpu: true, env: { DOCKER_HOST: daemon.url } });
  expect(found('docker')[0]).toMatchObject(finding);
});

test('reports the layer cache of make-sif where it would exceed a quota', async () => {
  const quota = 'echo "$(stat --format=%m "$HOME") 5000000 10000000 10000000 0 1 0 0 0"';
  const inHome = await diagnose({ programs: { quota }, env: { HOME: '/etc' } });
  expect(inHome('layer-cache')[0]).toMatchObject({
    status: 'warning',
    message: '/etc/.cache/hpc-gat/layers: 0 bytes of at most 4.0 GiB, in the home, where 4.8 GiB are free',
    fix: expect.stringMatching(/cache\.folder/),
  });
  const cache = { folder: temporaryDirectory(), limit: '1G' };
  const elsewhere = await diagnose({ programs: { quota }, env: { HOME: '/etc' }, settings: { cache } });
  expect(elsewhere('layer-cache')[0]).toMatchObject({
    status: 'ok',
    message: `${cache.folder}: 0 bytes of at most 1.0 GiB`,
  });
});

test('reports why an image does not start, and how to convert it differently', async () => {
  const root = temporaryDirectory();
  writeFileSync(path.join(root, 'triton.sif'), 'not a SIF');
  const apptainer = `case $1 in --version) ${healthyPrograms.apptainer} ;; *) echo "FATAL: unknown compression" >&2; exit 255 ;; esac`;
  const found = await diagnose({ programs: { apptainer }, root });
  expect(found('image')).toMatchObject([
    {
      status: 'error',
      message: expect.stringMatching(/FATAL: unknown compression/),
      fix: expect.stringMatching(/gzip:6/),
    },
  ]);
});

test('prints a fix on its own line below its finding', () => {
  const lines = formatCheckResults([
    { check: 'a', status: 'ok', message: 'fine' },
    { check: 'long-name', status: 'error', message: 'bad', fix: 'mend it' },
  ]);
  expect(lines).toEqual([
    'ok       a          fine',
    'error    long-name  bad',
    '                    fix: mend it',
  ]);
});

test('names variables that act as options of the container runtime, and how to pass them to a run', async () => {
  const found = await diagnose({ env: { APPTAINER_BINDPATH: '/nonexistent', SINGULARITYENV_PATH: '/x' } });
  expect(found('environment')).toEqual([
    expect.objectContaining({
      status: 'note',
      message: expect.stringMatching(/^APPTAINER_BINDPATH, SINGULARITYENV_PATH: .*from setup/),
    }),
  ]);
});

test.each([
  ['', 'ok', /loads the environment of a job/],
  ['echo Welcome; printf "%s\\n" x >&2', 'ok', /loads the environment/],
  ['umask 022\nexit 3', 'error', /ends with exit code 3 before.*/],
  ['exec true', 'error', /ends with exit code 0 before/],
])('checks a login shell whose file is %j', async (text, status, message) => {
  const HOME = temporaryDirectory();
  for (const name of ['.profile', '.zprofile']) {
    writeFileSync(path.join(HOME, name), `${text}\n`);
  }
  const found = (await diagnose({ env: { HOME } }))('login-shell');
  expect(found).toMatchObject([{ status, message: expect.stringMatching(message) }]);
  if (status === 'error') {
    expect(found[0]?.fix).toMatch(/profile .*export=NIL/);
  }
});
