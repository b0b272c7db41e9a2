import { expect, jest, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { chmod, mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createTempDir } from '../../../src/image/make/temp-dir.ts';
import { findIdentity, isRunning, getOwnIdentity } from '../../../src/support/processes/process-identity.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const { host, pid, startTicks } = getOwnIdentity();

test('files of dead conversions are removed, files of running ones and of other users are not', async () => {
  const directory = temporaryDirectory();
  const outside = path.join(temporaryDirectory(), 'precious');
  await writeFile(outside, '');
  const dead = `.x.sif.${host}-${pid}-${startTicks + 1}.work`;
  const alive = `.x.sif.${host}-1-${findIdentity(1)?.startTicks ?? 0}.work`;
  const old = `.x.sif.other-host-77-5.work`;
  const recent = `.x.sif.other-host-78-5.work`;
  const kept = [alive, recent, '.x.sif.notes', '.y.sif.gone-1-1.work', 'x.sif'];
  for (const name of [dead, old, ...kept]) {
    await mkdir(path.join(directory, name, 'scratch'), { recursive: true });
  }
  await writeFile(path.join(directory, `.x.sif.lock.${host}-${pid}-${startTicks + 1}.3`), '');
  await symlink(outside, path.join(directory, dead, 'scratch', 'link'));
  await chmod(path.join(directory, dead, 'scratch'), 0o500);
  const longAgo = new Date(Date.now() - 25 * 3600 * 1000);
  await utimes(path.join(directory, old), longAgo, longAgo);

  const workspace = await createTempDir(path.join(directory, 'x.sif'), undefined);
  const own = `.x.sif.${host}-${pid}-${startTicks}.work`;
  expect((await readdir(directory)).sort()).toEqual([...kept, own].sort());
  expect(await readdir(path.dirname(outside))).toEqual(['precious']);

  await workspace.remove();
  await workspace.remove();
  expect((await readdir(directory)).sort()).toEqual([...kept].sort());
});

test('a directory or file that merely has the name of a leftover is preserved', async () => {
  const directory = temporaryDirectory();
  const outside = path.join(temporaryDirectory(), 'precious');
  await mkdir(outside);
  const named = (number: number) => `.x.sif.${host}-${pid}-${startTicks + number}`;
  // Another user with write permission for this directory has renamed it.
  await mkdir(path.join(directory, `${named(1)}.work`, 'thesis'), { recursive: true });
  await symlink(outside, path.join(directory, `${named(2)}.work`));
  await symlink(outside, path.join(directory, `.x.sif.lock.${host}-${pid}-${startTicks + 3}.1`));
  await writeFile(path.join(directory, `${named(4)}.work`), '');
  const before = await readdir(directory);
  const workspace = await createTempDir(path.join(directory, 'x.sif'));
  await workspace.remove();
  expect(await readdir(directory)).toEqual(before);
});

test('an engine whose id stands for more than one process is not signaled', async () => {
  const directory = temporaryDirectory();
  const engines = [
    findIdentity(1),
    { host, pid: -1, startTicks: 0 },
    { host, pid: 0, startTicks: 0 },
    { host, pid: 1.5, startTicks: 0 },
  ];
  for (const [number, engine] of engines.entries()) {
    const dead = path.join(directory, `.x.sif.${host}-${pid}-${startTicks + 1 + number}.work`);
    await mkdir(dead);
    await writeFile(path.join(dead, 'child.json'), JSON.stringify(engine));
  }
  const sent: unknown[] = [];
  const kill = jest.spyOn(process, 'kill').mockImplementation((to) => {
    sent.push(to);
    return true;
  });
  const workspace = await createTempDir(path.join(directory, 'x.sif'));
  kill.mockRestore();
  await workspace.remove();
  expect({ sent, left: await readdir(directory) }).toEqual({ sent: [], left: [] });
});

test('the engine of a killed conversion is ended with its children', async () => {
  const directory = temporaryDirectory();
  const engine = spawn('sh', ['-c', 'trap "" TERM; sleep 1000 & echo $!; wait; wait'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = new Promise((resolve) =>
    engine.once('exit', (_code, signal) => {
      resolve(signal);
    }),
  );
  const grandchild = await new Promise<number>((resolve) => {
    engine.stdout.once('data', (line: Buffer) => {
      resolve(Number(line.toString()));
    });
  });
  const sleeping = findIdentity(grandchild);
  expect(sleeping && isRunning(sleeping)).toBe(true);
  const dead = path.join(directory, `.x.sif.${host}-${pid}-${startTicks + 1}.work`);
  await mkdir(dead);
  await writeFile(path.join(dead, 'child.json'), JSON.stringify(findIdentity(engine.pid ?? 0)));

  const workspace = await createTempDir(path.join(directory, 'x.sif'), undefined);
  expect(await ended).toBe('SIGKILL');
  expect(sleeping && isRunning(sleeping)).toBe(false);
  await workspace.remove();
  expect(await readdir(directory)).toEqual([]);
});
