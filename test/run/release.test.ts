import { beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { release } from '../../src/run/release.ts';
import type { ResourceRecord } from '../../src/run/record/run-directory.ts';
import { testContext } from '../support/context.ts';
import { fakePrograms } from '../support/fake-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { sampleRecord } from './record/sample-record.ts';

let root = '';
let directory = '';

beforeEach(() => {
  root = temporaryDirectory();
  directory = path.join(root, '.hpc-gat/runs/inside/owned/cpu1.7');
});

/** Creates a run in allocation 7 on cpu1; `step` and `job` define the results of srun and sbatch. */
async function releaseOnCpu1(
  { step, job }: { step: string; job: string },
  recorded: Readonly<Record<string, string>> = { host: 'cpu1', job: '7' },
  directives: readonly [string, string][] = [],
): Promise<string[]> {
  const record = await sampleRecord(root, 'inside');
  const plan = path.join(record.directory, 'plan.json');
  await writeFile(plan, JSON.stringify({ ...JSON.parse(await readFile(plan, 'utf8')), directives }));
  await mkdir(directory, { recursive: true });
  for (const [name, value] of Object.entries(recorded)) {
    await writeFile(path.join(directory, name), `${value}\n`);
  }
  const [resourceRecord] = (await record.resourceRecords()) as [ResourceRecord];
  const PATH = fakePrograms({
    sinfo: `case "$*" in
      *--format=%T*) case "$*" in *=cpu1.cluster.local*) exit 1 ;; *) echo mixed ;; esac ;;
      *) echo 'cpu1|cpu1|10.0.0.1' ;;
    esac`,
    squeue: `[ -e ${root}/revoked ] || echo '7|RUNNING|None|cpu1|'`,
    sacct: 'exit 1',
    scontrol: 'exit 1',
    srun: `echo "$*" >>${root}/asked
      case $* in *--overlap*) ${step} ;; *) ${job} ;; esac`,
  });
  const context = testContext({ env: { PATH }, cwd: root });
  await release(context, record, resourceRecord, 'login');
  return context.messages;
}

async function asked(): Promise<string[]> {
  const lines = (await readFile(path.join(root, 'asked'), 'utf8')).trim().split('\n');
  return lines.map((line) => (line.startsWith('--overlap') ? 'step' : 'job'));
}

const revoke = () => `touch ${root}/revoked; echo 'srun: Force Terminated job 7' >&2; exit 143`;

test('a step that ends with its allocation is no failure when the run has cleaned up by itself', async () => {
  await releaseOnCpu1({ step: `rm -r ${directory}; ${revoke()}`, job: 'exit 1' });
  expect(await asked()).toEqual(['step']);
  expect(existsSync(directory)).toBe(false);
});

test('a step that ends too early is replaced by a job', async () => {
  await releaseOnCpu1({ step: revoke(), job: `rm -r ${directory}` });
  expect(await asked()).toEqual(['step', 'job']);
  expect(existsSync(directory)).toBe(false);
});

test.each([
  ['a step fails in an allocation that lasts', { step: 'echo no space >&2; exit 1', job: '' }, 'no space'],
  ['a step ends well and leaves something', { step: '', job: '' }, ''],
])('reports what is left and how to remove it when %s', async (_name, ends, why) => {
  await expect(releaseOnCpu1(ends)).rejects.toThrow(
    `run inside left resources on cpu1, where no cleanup could be started: ${why}`,
  );
  expect(await asked()).toEqual(['step']);
});

describe('a cleanup job', () => {
  /** Writes a plan with these directives, and returns the arguments of srun. */
  async function requestsOf(
    directives: [string, string][],
    { job, recorded }: { job: string; recorded?: Readonly<Record<string, string>> },
  ): Promise<string[]> {
    await releaseOnCpu1({ step: '', job }, { host: 'cpu1', job: '', ...recorded }, directives).catch(
      (error: unknown) => {
        failure = error;
      },
    );
    return (await readFile(path.join(root, 'asked'), 'utf8')).trim().split('\n');
  }
  let failure: unknown;
  beforeEach(() => {
    failure = undefined;
  });
  const gpu: [string, string][] = [
    ['account', 'physics'],
    ['partition', 'gpu,long'],
    ['gres', 'gpu:2'],
    ['cpus-per-task', '8'],
    ['mem', '64G'],
    ['nodelist', 'cpu[1-4]'],
    ['time', '60'],
  ];

  test("requests the resources of the run's job, where that one ran", async () => {
    const [request = '', ...others] = await requestsOf(gpu, {
      job: `rm -r ${directory}`,
      recorded: { partition: 'gpu', node: 'cpu1', host: 'cpu1.cluster.local' },
    });
    expect(failure).toBeUndefined();
    expect(others).toEqual([]);
    for (const option of [
      '--account=physics',
      '--partition=gpu',
      '--gres=gpu:2',
      '--mem=64G',
      '--nodelist=cpu1',
    ]) {
      expect(request.split(' ')).toContain(option);
    }
    expect(request).not.toMatch(/--time=60|long|cpu\[/);
  });

  test('falls back to minimal requests after a rejection, and reports both answers', async () => {
    const requests = await requestsOf(gpu, {
      job: 'case $* in *gres*) echo "srun: error: busy" >&2 ;; *) echo "srun: error: QOSMinGRES" >&2 ;; esac; exit 1',
    });
    expect(requests).toHaveLength(2);
    expect(requests[1]).toMatch(/--account=physics .*--mem=100M/);
    expect(requests[1]).not.toMatch(/gres|64G/);
    expect(failure).toMatchObject({ exitCode: 4, message: expect.stringMatching(/busy; .*QOSMinGRES/) });
  });

  test.each([
    ['its recorded Slurm name', { node: 'cpu1', host: 'other.site' }],
    ['its hostname with a domain', { host: 'cpu1.cluster.local' }],
  ])('finds the node by %s', async (_name, recorded) => {
    const [request] = await requestsOf([], { job: `rm -r ${directory}`, recorded });
    expect(failure).toBeUndefined();
    expect(request).toContain('--nodelist=cpu1 ');
  });
});
