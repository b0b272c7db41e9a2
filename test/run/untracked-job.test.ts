import { beforeEach, expect, test } from '@jest/globals';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { main } from '../../src/main.ts';
import { RunDirectory } from '../../src/run/record/run-directory.ts';
import { testContext } from '../support/context.ts';
import { fakePrograms } from '../support/fake-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { samplePlan, sampleSettings } from './plan/sample-plan.ts';

let root = '';
let record: RunDirectory;

/** Creates a run whose submission was killed before it wrote job.json. */
beforeEach(async () => {
  root = temporaryDirectory();
  const project = { root, site: 'generic', settings: sampleSettings() };
  record = await RunDirectory.create(samplePlan({}, { project, id: 'lost', kind: 'job', serve: true }), '');
});

async function hpcGat(args: readonly string[], squeue: string) {
  const PATH = fakePrograms({
    squeue,
    sacct: 'exit 1',
    scontrol: 'exit 1',
    scancel: `echo "$*" >>${root}/cancelled`,
  });
  const context = testContext({ env: { PATH, HOME: root }, cwd: root });
  const exitCode = await main([...args], context);
  return { exitCode, ...context };
}

/** Returns a fake squeue that lists the job until it is canceled. */
const queue = (state: string) => `
[ -e ${root}/cancelled ] && state=CANCELLED || state=${state}
case "$*" in
  *--name=hpc-gat-lost*) echo "12|$state|Priority||2026-01-02T03:04:05|hpc-gat-lost|${root}/.hpc-gat/runs/lost/batch.sh" ;;
  *--jobs=12*) echo "12|$state|Priority||" ;;
  *) echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1 ;;
esac`;

test.each([
  ['cleanup', ['cleanup', 'lost']],
  ['stop', ['stop']],
])('%s finds the job of a run without job.json by its name, and cancels it', async (_verb, args) => {
  const { exitCode, results } = await hpcGat(args, queue('PENDING'));
  expect({ exitCode, results }).toMatchObject({
    exitCode: 0,
    results: [expect.stringMatching(/cancel job 12 \(PENDING\)/)],
  });
  expect(await readFile(path.join(root, 'cancelled'), 'utf8')).toBe('12\n');
  expect(await record.jobId()).toBe('12');
});

test('status lists such a job, and cleanup without a run leaves it alone', async () => {
  const status = await hpcGat(['status', '--json'], queue('PENDING'));
  expect(status.results).toMatchObject([[{ id: 'lost', jobId: '12', state: 'PENDING', active: true }]]);
  const cleanup = await hpcGat(['cleanup'], queue('PENDING'));
  expect(cleanup.results).toEqual(['nothing to clean up']);
});

test('a job of that name in another project is ignored', async () => {
  const other = `case "$*" in *--name*) echo "12|PENDING|None|||hpc-gat-lost|/y/.hpc-gat/runs/lost/batch.sh" ;; *) exit 1 ;; esac`;
  const { results } = await hpcGat(['status', '--json'], other);
  expect(results).toMatchObject([[{ id: 'lost', state: 'LOST', active: false }]]);
});

test('an unrelated job of the same name is ignored where a user has chosen the name', async () => {
  const settings = sampleSettings();
  const slurm = { ...settings.slurm, sbatch: { 'job-name': 'triton' } };
  const project = { root, site: 'generic', settings: { ...settings, slurm } };
  await RunDirectory.create(samplePlan({}, { project, id: 'named', kind: 'job', serve: true }), '');
  const squeue = `case "$*" in *--name*triton*) echo "12|RUNNING|None|cpu1||triton|/y/train.sh" ;; *) exit 1 ;; esac`;
  const { results } = await hpcGat(['status', '--json'], squeue);
  const [runs] = results as [{ id: string; state: string }[]];
  expect(runs.find(({ id }) => id === 'named')).toMatchObject({ state: 'LOST', active: false });
});

test('a started script has recorded its job id itself', async () => {
  const owned = path.join(record.directory, 'owned', 'cpu1.7');
  await mkdir(owned, { recursive: true });
  await writeFile(path.join(owned, 'host'), 'cpu1\n');
  await writeFile(path.join(owned, 'job'), '12\n');
  const squeue = `case "$*" in *--jobs=12*) echo '12|RUNNING|None|cpu1|' ;; *) exit 1 ;; esac`;
  const { results } = await hpcGat(['status', '--json'], squeue);
  expect(results).toMatchObject([[{ id: 'lost', jobId: '12', state: 'RUNNING', active: true }]]);
});

test('a host without Slurm shows such a job as lost', async () => {
  const context = testContext({ env: { PATH: '/nonexistent', HOME: root }, cwd: root });
  expect(await main(['status', '--json'], context)).toBe(0);
  expect(context.results).toMatchObject([[{ id: 'lost', state: 'LOST' }]]);
});

test('a project submitted by another path is recognized', async () => {
  const link = path.join(temporaryDirectory(), 'link');
  await symlink(root, link);
  const squeue = `case "$*" in
    *--name*) echo "12|PENDING|None|||hpc-gat-lost|${link}/.hpc-gat/runs/lost/batch.sh" ;;
    *) echo '12|PENDING|None||' ;;
  esac`;
  const { results } = await hpcGat(['status', '--json'], squeue);
  expect(results).toMatchObject([[{ id: 'lost', jobId: '12', state: 'PENDING' }]]);
});
