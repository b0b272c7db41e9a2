import { beforeEach, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { release } from '../../src/run/release.ts';
import type { Holding } from '../../src/run/record.ts';
import { testContext } from '../support/context.ts';
import { fakePrograms } from '../support/fake-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { sampleRecord } from './sample-record.ts';

let root = '';
let folder = '';

beforeEach(() => {
  root = temporaryFolder();
  folder = path.join(root, '.hpc-gat/runs/inside/owned/cpu1.7');
});

/** A run in allocation 7 on cpu1; `step` and `job` are what becomes of a step of it and of a job of ours. */
async function releaseOnCpu1({ step, job }: { step: string; job: string }): Promise<void> {
  const record = await sampleRecord(root, 'inside');
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'host'), 'cpu1\n');
  await writeFile(path.join(folder, 'job'), '7\n');
  const [holding] = (await record.holdings()) as [Holding];
  const PATH = fakePrograms({
    sinfo: 'echo mixed',
    squeue: `[ -e ${root}/revoked ] || echo '7|RUNNING|None|cpu1|'`,
    sacct: 'exit 1',
    scontrol: 'exit 1',
    srun: `echo "$*" >>${root}/asked
      case $* in *--overlap*) ${step} ;; *) ${job} ;; esac`,
  });
  await release(testContext({ env: { PATH }, cwd: root }), record, holding, 'login');
}

async function asked(): Promise<string[]> {
  const lines = (await readFile(path.join(root, 'asked'), 'utf8')).trim().split('\n');
  return lines.map((line) => line.split(' ')[0] ?? '');
}

const revoke = () => `touch ${root}/revoked; echo 'srun: Force Terminated job 7' >&2; exit 143`;

test('a step that its allocation takes with it is no failure, where the run has released all by itself', async () => {
  await releaseOnCpu1({ step: `rm -r ${folder}; ${revoke()}`, job: 'exit 1' });
  expect(await asked()).toEqual(['--overlap']);
  expect(existsSync(folder)).toBe(false);
});

test('a step that is taken away too early is made up for by a job', async () => {
  await releaseOnCpu1({ step: revoke(), job: `rm -r ${folder}` });
  expect(await asked()).toEqual(['--overlap', '--time=2']);
  expect(existsSync(folder)).toBe(false);
});

test.each([
  ['a step fails in an allocation that lasts', { step: 'echo no room >&2; exit 1', job: '' }, 'no room'],
  ['a step ends well and leaves something', { step: '', job: '' }, ''],
])('%s: what is left is said, with the way to remove it', async (_name, ends, why) => {
  await expect(releaseOnCpu1(ends)).rejects.toThrow(
    `run inside left something on cpu1, where no clean-up could be started: ${why}`,
  );
  expect(await asked()).toEqual(['--overlap']);
});
