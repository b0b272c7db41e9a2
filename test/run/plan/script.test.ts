import { describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Settings } from '../../../src/config/schema.ts';
import type { RunRequest } from '../../../src/run/plan/plan-run.ts';
import { renderRelease, renderScript } from '../../../src/run/plan/script.ts';
import { packageRoot } from '../../../src/support/package/package-root.ts';
import { samplePlan } from './sample-plan.ts';

const goldenDirectory = path.join(packageRoot, 'test', 'fixtures', 'scripts');

const hostile = `a'b "c" $(touch /tmp/owned) \`id\`; ü\\n\n{{id}} #x`;
const hostileLine = hostile.replaceAll('\n', '');

const everything: Settings = {
  model: { repository: '/data/models', name: 'other', workload: 'w.yaml' },
  slurm: {
    partition: 'long',
    account: 'phys',
    qos: 'high',
    constraint: 'a100|h100',
    reservation: 'school',
    time: '1-00:00:00',
    cpus: 8,
    memory: '32G',
    mail: { user: 'ada@example.org', type: 'ALL' },
    gpu: { partition: 'gpu', request: 'gpus', type: 'a100', count: 2 },
    sbatch: { exclusive: true, comment: 'a "quoted" \\ word', nice: 100, requeue: false },
  },
  setup: ['module load apptainer', 'export FOO="bar baz"'],
  apptainer: { arguments: ['--bind', '/data:/data'] },
  binds: ['/data', { source: 'tables', target: '/inside' }],
  environment: ['OMP_PROC_BIND', 'HF_HOME=/data/hf'],
  triton: {
    arguments: ['--log-verbose=1'],
    security: 'none',
    env: { TF_CPP_MIN_LOG_LEVEL: '2' },
    preload: ['/data/libops.so', '/data/b.so'],
    http: true,
    metrics: true,
    readySeconds: 60,
    stopSeconds: 40,
  },
  node: { temp: ['$LOCAL_SCRATCH', '/local'], tempFreeMiB: 1000 },
};

const dockerHost = 'unix:///var/run/docker.sock';
const docker: Settings = { runtime: 'docker', image: { source: 'docker-daemon:triton:24.05' } };

const golden: [string, Settings, Partial<RunRequest>][] = [
  ['job-cpu', {}, {}],
  ['job-gpu', { slurm: { gpu: { partition: 'gpu' } } }, { gpu: true }],
  ['job-everything', everything, { gpu: true, allowCpu: true }],
  ['local-gpu', {}, { kind: 'local', gpu: true }],
  ['local-docker-gpu', docker, { kind: 'local', gpu: true, dockerHost }],
  ['job-serve', { node: { host: '%h-ib', interface: 'ib0' } }, { serve: true }],
  ['local-client-image', { client: { where: 'image' }, model: { workload: 'w.yaml' } }, { kind: 'local' }],
];

/** UPDATE_GOLDEN=1 writes the files again; git shows the difference. */
test.each(golden)('the script %s equals its golden file', async (name, settings, request) => {
  const script = await renderScript(samplePlan(settings, request));
  const file = path.join(goldenDirectory, `${name}.sh`);
  if (process.env.UPDATE_GOLDEN === '1') {
    await writeFile(file, script);
  }
  expect(script).toBe(await readFile(file, 'utf8'));
});

const hostileSettings: Settings = {
  image: { file: hostile },
  client: { where: 'image', image: { file: hostile } },
  model: { repository: hostile, workload: hostile },
  apptainer: { arguments: [hostile] },
  binds: [{ source: hostile, target: `/${hostile}` }],
  environment: [`A=${hostileLine}`],
  triton: { arguments: ['--id', hostile], env: { B: hostile }, preload: [`/${hostile}`] },
  node: { temp: [`/${hostile}`] },
};

const matrix = [
  ...golden,
  ...(['gres', 'gpus', 'gpus-per-node'] as const).map((request): (typeof golden)[number] => [
    `request ${request}`,
    { slurm: { gpu: { request, type: 'a100', count: 4 } } },
    { gpu: true },
  ]),
  ['hostile job', hostileSettings, { gpu: true }],
  ['hostile local', hostileSettings, { kind: 'local' }],
  [
    'hostile docker',
    { ...hostileSettings, client: {}, runtime: 'docker', docker: { image: hostile, arguments: [hostile] } },
    { kind: 'local', dockerHost: `unix:///${hostile}` },
  ],
  [
    'client in an image with Docker',
    { ...docker, client: { where: 'image', image: { source: 'docker-daemon:client:1' } } },
    { kind: 'local', dockerHost },
  ],
  ['singularity alone', { runtime: 'singularity' }, {}],
  ['server in the background', {}, { kind: 'local', serve: true }],
  ['server without security', { triton: { security: 'none', http: true, metrics: true } }, { serve: true }],
] satisfies typeof golden;

describe.each(matrix)('the script for %s', (_name, settings, request) => {
  test('passes shellcheck', async () => {
    const script = await renderScript(samplePlan(settings, request));
    await execa('bash', ['-n'], { input: script });
    const { stdout } = await execa('shellcheck', ['--severity=warning', '--shell=bash', '-'], {
      input: script,
      reject: false,
    });
    expect(stdout).toBe('');
  });
});

test('hostile values reach the variables of the script unchanged', async () => {
  const script = await renderScript(samplePlan(hostileSettings, { gpu: true }));
  const assignments = script.slice(0, script.indexOf('\nowned='));
  const { stdout } = await execa('bash', [
    '-c',
    `${assignments}\nprintf '%s\\0' "$image" "\${workloads[@]}" "\${client[@]}" "\${container_arguments[@]}" "\${server_arguments[@]}" "\${container_environment[@]}" "\${server_environment[@]}" "\${preload[@]}" "\${temp_candidates[@]}"`,
  ]);
  const resolved = path.resolve('/home/alice/gat', hostile);
  const mounted = (directory: string, more = '') => {
    const quoted = directory.replaceAll('"', '""');
    return `type=bind,"source=${quoted}","destination=${quoted}"${more}`;
  };
  expect(stdout.split('\0').slice(0, -1)).toEqual([
    resolved,
    resolved,
    ...['exec', '--cleanenv', '--contain', '--pwd', '/'],
    '--mount',
    'type=bind,source=/home/alice/gat/.hpc-gat/runs/sample,destination=/home/alice/gat/.hpc-gat/runs/sample',
    '--mount',
    mounted(resolved, ',ro'),
    '--mount',
    mounted(path.dirname(resolved), ',ro'),
    resolved,
    'hpc-gat',
    '--nv',
    '--cleanenv',
    '--no-home',
    '--mount',
    `type=bind,"source=${resolved.replaceAll('"', '""')}",destination=/models,ro`,
    '--mount',
    `type=bind,"source=${resolved.replaceAll('"', '""')}","destination=/${hostile.replaceAll('"', '""')}",ro`,
    hostile,
    '--id',
    hostile,
    `A=${hostileLine}`,
    `B=${hostile}`,
    `/${hostile}`,
    `/${hostile}`,
  ]);
});

test('a local run has the same script without directives', async () => {
  const job = await renderScript(samplePlan({}, {}));
  const local = await renderScript(samplePlan({}, { kind: 'local' }));
  const withoutDirectives = job
    .split('\n')
    .filter((line) => !line.startsWith('#SBATCH'))
    .join('\n');
  expect(local).toBe(withoutDirectives);
});

test.each([
  ['Apptainer', samplePlan(everything, { gpu: true })],
  ['Docker', samplePlan(docker, { kind: 'local', dockerHost })],
])('the cleanup script for %s passes shellcheck', async (_runtime, plan) => {
  const script = await renderRelease(plan, `${plan.runDirectory}/owned/gpu1.7`);
  const { stdout } = await execa('shellcheck', ['--severity=warning', '--shell=bash', '-'], {
    input: script,
    reject: false,
  });
  expect(stdout).toBe('');
});

/** Names of the functions that a text of bash defines, in order. */
function definedFunctions(text: string): string[] {
  return [...text.matchAll(/^(\w+)\(\) \{/gm)].map((match) => match[1] ?? '');
}

test.each(golden)(
  'the script %s reads top-down: main, then its steps in order',
  async (_name, settings, request) => {
    const script = await renderScript(samplePlan(settings, request));
    const [before = '', main = '', steps = ''] = script.split(/^(main\(\) \{\n[^]*?\n\}\n)/m);
    expect(definedFunctions(before)).toEqual([
      'is_old_bash',
      'complete_path',
      ...(settings.setup === undefined ? [] : ['setup_lines']),
    ]);
    expect(script.endsWith('\n\nmain "$@"\n')).toBe(true);
    const called = [...main.matchAll(/^ +(?:\[ .* \] \|\| )?(\w*_\w+|reclaim)$/gm)].map(
      (match) => match[1] ?? '',
    );
    expect(called.slice(0, 3)).toEqual(['require_own_run_directory', 'require_run_directory', 'claim_run']);
    expect(called.length).toBeGreaterThan(15);
    expect(definedFunctions(steps).filter((name) => called.includes(name))).toEqual(called);
  },
);

test('every runtime defines the functions that the steps call', async () => {
  const directory = path.join(packageRoot, 'templates', 'run');
  const names = await readdir(directory);
  const ofRuntime = /^_(apptainer|docker)-/;
  const read = async (files: string[]) =>
    (await Promise.all(files.map((name) => readFile(path.join(directory, name), 'utf8')))).join('\n');
  const steps = await read(names.filter((name) => !ofRuntime.test(name)));
  const called = (name: string) => new RegExp(`(^|[ (])${name}( |\\)|$)`, 'm').test(steps);
  const functionsOf = async (runtime: string) =>
    definedFunctions(await read(names.filter((name) => ofRuntime.exec(name)?.[1] === runtime)))
      .filter(called)
      .sort();
  const [apptainer, docker] = await Promise.all([functionsOf('apptainer'), functionsOf('docker')]);
  expect(apptainer).toEqual(docker);
  expect(apptainer).toContain('exec_in_container');
});
