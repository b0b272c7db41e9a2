import { afterEach, expect, test } from '@jest/globals';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../src/support/package/package-root.ts';
import { describeInLab } from '../support/lab.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const mark = `hpc-gat-look-${process.pid}`;
const removals: (() => void)[] = [];

afterEach(() => {
  for (const remove of removals.splice(0)) {
    remove();
  }
});

function look(...args: readonly string[]): { exitCode: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(packageRoot, 'test/leaks/leak-check.ts'), ...args],
    { encoding: 'utf8' },
  );
  return { exitCode: status, output: stdout + stderr };
}

function run(file: string, ...args: readonly string[]): number | null {
  return spawnSync(file, args).status;
}

function runForAWhile(): ChildProcess {
  const child = spawn('sleep', ['7144'], { detached: true, stdio: 'ignore' });
  child.unref();
  removals.push(() => child.kill());
  return child;
}

function plantGroup(): string {
  const directory = ['/sys/fs/cgroup/freezer', '/sys/fs/cgroup'].find((parent) =>
    existsSync(path.join(parent, 'cgroup.procs')),
  );
  const group = path.join(directory ?? '', mark);
  mkdirSync(group);
  removals.push(() => {
    rmdirSync(group);
  });
  return group;
}

function plantFile(file: string): string {
  writeFileSync(file, '');
  removals.push(() => {
    rmSync(file);
  });
  return file;
}

function plantMount(directory: string): string {
  mkdirSync(directory);
  expect(run('mount', '-t', 'tmpfs', 'planted', directory)).toBe(0);
  removals.push(() => {
    run('umount', directory);
  });
  return directory;
}

describeInLab('the leak check of the host', () => {
  test('finds one leak of each kind, and nothing after their removal', () => {
    const directory = temporaryDirectory();
    const [temporary, cache] = [path.join(directory, 'tmp'), path.join(directory, 'cache')];
    mkdirSync(temporary);
    mkdirSync(cache);
    const before = path.join(directory, 'before.json');
    const scope = ['--host', '--mark', mark, '--temp', temporary, '--cache', cache];
    expect(look('snapshot', before, ...scope)).toEqual({ exitCode: 0, output: '' });
    expect(look('check', before, '--within', '2')).toEqual({ exitCode: 0, output: 'nothing left\n' });

    const planted = [
      `processes: ${runForAWhile().pid ?? ''} `,
      `shared memory: ${plantFile(`/dev/shm/${mark}`)}\n`,
      `temporary files: ${plantFile(`/tmp/${mark}`)}\n`,
      `temporary files: ${plantFile(path.join(temporary, 'whatever'))}\n`,
      `half made files: ${plantFile(path.join(cache, 'rootfs-1.part'))}\n`,
      `mounts: ${plantMount(path.join(directory, 'mount'))} (tmpfs planted)\n`,
      `control groups: `,
    ];
    const group = plantGroup();
    const { exitCode, output } = look('check', before, '--within', '0');
    expect(exitCode).toBe(1);
    for (const leak of planted) {
      expect(output).toContain(`host: ${leak}`);
    }
    expect(output).toContain(`/${path.basename(group)}\n`);

    const after = path.join(directory, 'after.json');
    look('snapshot', after, ...scope);
    expect(look('compare', before, after).output.split('\n').sort()).toEqual(output.split('\n').sort());

    removals.splice(0).forEach((remove) => {
      remove();
    });
    expect(look('check', before, '--within', '10')).toEqual({ exitCode: 0, output: 'nothing left\n' });
  });

  test.each([
    [[]],
    [['check']],
    [['snapshot', '/dev/null', 'gpu1=x']],
    [['snapshot', '/dev/null', '--nope']],
  ])('rejects %j with its usage', (args) => {
    const { exitCode, output } = look(...args);
    expect(exitCode).toBe(2);
    expect(output).toContain('usage: leak-check.ts snapshot FILE');
  });
});
