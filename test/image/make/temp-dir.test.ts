import { expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { chmod, mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createWorkspace } from '../../../src/image/make/temp-dir.ts';
import { identityOf, isRunning, ownIdentity } from '../../../src/support/process-identity.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const { host, pid, startTicks } = ownIdentity();

test("what dead conversions left is removed, what is alive or another's stays", async () => {
  const folder = temporaryFolder();
  const outside = path.join(temporaryFolder(), 'precious');
  await writeFile(outside, '');
  const dead = `.x.sif.${host}-${pid}-${startTicks + 1}.work`;
  const alive = `.x.sif.${host}-1-${identityOf(1)?.startTicks ?? 0}.work`;
  const old = `.x.sif.other-host-77-5.work`;
  const recent = `.x.sif.other-host-78-5.work`;
  const kept = [alive, recent, '.x.sif.notes', '.y.sif.gone-1-1.work', 'x.sif'];
  for (const name of [dead, old, ...kept]) {
    await mkdir(path.join(folder, name, 'scratch'), { recursive: true });
  }
  await writeFile(path.join(folder, `.x.sif.lock.${host}-${pid}-${startTicks + 1}.3`), '');
  await symlink(outside, path.join(folder, dead, 'scratch', 'link'));
  await chmod(path.join(folder, dead, 'scratch'), 0o500);
  const longAgo = new Date(Date.now() - 25 * 3600 * 1000);
  await utimes(path.join(folder, old), longAgo, longAgo);

  const workspace = await createWorkspace(path.join(folder, 'x.sif'), undefined);
  const own = `.x.sif.${host}-${pid}-${startTicks}.work`;
  expect((await readdir(folder)).sort()).toEqual([...kept, own].sort());
  expect(await readdir(path.dirname(outside))).toEqual(['precious']);

  await workspace.remove();
  await workspace.remove();
  expect((await readdir(folder)).sort()).toEqual([...kept].sort());
});

test('the engine of a conversion that was killed is ended, with its children', async () => {
  const folder = temporaryFolder();
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
  const sleeping = identityOf(grandchild);
  expect(sleeping && isRunning(sleeping)).toBe(true);
  const dead = path.join(folder, `.x.sif.${host}-${pid}-${startTicks + 1}.work`);
  await mkdir(dead);
  await writeFile(path.join(dead, 'child.json'), JSON.stringify(identityOf(engine.pid ?? 0)));

  const workspace = await createWorkspace(path.join(folder, 'x.sif'), undefined);
  expect(await ended).toBe('SIGKILL');
  expect(sleeping && isRunning(sleeping)).toBe(false);
  await workspace.remove();
  expect(await readdir(folder)).toEqual([]);
});
