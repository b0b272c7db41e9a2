import { beforeEach, expect, test } from '@jest/globals';
import { lstat, stat } from 'node:fs/promises';
import path from 'node:path';
import { createOwnDirectory } from '../../../src/run/record/runs-directory.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/*
 * File systems that give a new directory another mode or owner than requested: no kernel of CI has CIFS or VFAT, and a FUSE
 * file system that does so needs a program that Debian unstable does not have.
 */

let run = '';

beforeEach(() => {
  run = path.join(temporaryDirectory(), 'run');
});

const withFacts = (mode: number, uid?: number) => async (directory: string) =>
  Object.assign(await lstat(directory), { mode: 0o040_000 | mode, ...(uid !== undefined && { uid }) });

test('the mode is set again, as needed under an inherited access control list', async () => {
  let mode = 0o770;
  const calls: unknown[] = [];
  await createOwnDirectory(run, 0o700, {
    lstat: (directory) => withFacts(mode)(directory),
    chmod: (directory, wanted) => {
      calls.push(directory, wanted);
      mode = wanted;
      return Promise.resolve();
    },
  });
  expect(calls).toEqual([run, 0o700]);
});

test.each([
  ['everybody can write', withFacts(0o777), /has mode 0777$/],
  ['everybody can read', withFacts(0o755), /has mode 0755$/],
  ['another user owns', withFacts(0o700, 54_321), /has mode 0700, and belongs to the user with id 54321$/],
])('a directory that %s is removed, and the error names the file system', async (_, facts, message) => {
  const created = createOwnDirectory(run, 0o700, {
    lstat: facts,
    chmod: () => Promise.reject(new Error('EPERM')),
  });
  await expect(created).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(message),
    fix: expect.stringMatching(/^put the project on a file system that keeps modes/),
  });
  await expect(created).rejects.toThrow(
    /^runs cannot be stored in .*: its file system \(\w+\) does not keep the mode of a new directory: run was created with mode 0700/,
  );
  await expect(stat(run)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a directory on a file system that keeps modes gets the requested one whatever the umask', async () => {
  await createOwnDirectory(run, 0o700);
  expect((await stat(run)).mode & 0o777).toBe(0o700);
});
