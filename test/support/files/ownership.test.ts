import { describe, expect, test } from '@jest/globals';
import { constants } from 'node:fs';
import { chmod, mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  explainDistrust,
  findConcern,
  readOwnText,
  readTrustedText,
} from '../../../src/support/files/ownership.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const [file, directory, link] = [constants.S_IFREG, constants.S_IFDIR, constants.S_IFLNK];
const [alice, bob, overflow] = [1001, 1002, 65534];

test.each([
  ['a file of the user', { uid: alice, mode: file | 0o644 }, undefined],
  ['a file of root', { uid: 0, mode: file | 0o644 }, undefined],
  ['a file of another user', { uid: bob, mode: file | 0o400 }, 'owner'],
  ['a file of another user that everybody may write', { uid: bob, mode: file | 0o666 }, 'owner'],
  ['a file that everybody may write', { uid: alice, mode: file | 0o602 }, 'everybody'],
  ['a file of root that everybody may write', { uid: 0, mode: file | 0o666 }, 'everybody'],
  ['a file that the group may write', { uid: alice, mode: file | 0o664 }, 'group'],
  ['a file that the group of root may write', { uid: 0, gid: 0, mode: file | 0o664 }, undefined],
  ['a file with a sticky bit, which means nothing', { uid: alice, mode: file | 0o1666 }, 'everybody'],
  ['/tmp', { uid: 0, gid: 0, mode: directory | 0o1777 }, undefined],
  ['a sticky directory of another user', { uid: bob, mode: directory | 0o1777 }, 'owner'],
  ['a directory that everybody may write', { uid: alice, mode: directory | 0o777 }, 'everybody'],
  ['a shared directory of a project', { uid: 0, mode: directory | 0o2775 }, 'group'],
  ['a link of the user', { uid: alice, mode: link | 0o777 }, undefined],
  ['a link of another user', { uid: bob, mode: link | 0o777 }, 'owner'],
  ['a directory of an unmapped owner', { uid: overflow, mode: directory | 0o755 }, undefined],
  ['a file of an unmapped owner', { uid: overflow, mode: file | 0o644 }, 'owner'],
])('classifies %s', (_what, facts, expected) => {
  const viewer = { uid: alice, directoryUid: overflow };
  expect(findConcern({ gid: 7001, ...facts }, viewer)).toBe(expected);
});

test('treats the overflow user as unknown where root is mapped', () => {
  expect(findConcern({ uid: overflow, gid: 0, mode: directory | 0o755 }, { uid: alice })).toBe('owner');
});

describe('a path', () => {
  test('is trusted with all its directories and links, and not without one of them', async () => {
    const root = temporaryDirectory();
    await chmod(root, 0o755);
    const inner = path.join(root, 'open', 'inner');
    await mkdir(inner, { recursive: true });
    await writeFile(path.join(inner, 'file'), 'x', { mode: 0o644 });
    await symlink('open/inner/../inner/file', path.join(root, 'link'));
    expect(await explainDistrust(path.join(inner, 'file'))).toBeUndefined();
    expect(await readTrustedText(path.join(root, 'link'))).toEqual({ text: 'x' });
    await chmod(path.join(root, 'open'), 0o777);
    const reason = /^.*\/open belongs to \w+ and can be changed by everybody \(mode 0777\)$/;
    expect(await explainDistrust(path.join(inner, 'file'))).toMatch(reason);
    expect(await readTrustedText(path.join(root, 'link'))).toEqual({
      distrust: expect.stringMatching(reason),
    });
    await chmod(path.join(root, 'open'), 0o1777);
    expect(await explainDistrust(path.join(inner, 'file'))).toBeUndefined();
    await chmod(path.join(inner, 'file'), 0o666);
    expect(await readTrustedText(path.join(inner, 'file'))).toEqual({
      distrust: expect.stringMatching(/^it belongs to \w+ and can be changed by everybody \(mode 0666\)$/),
    });
  });

  test('without a target is reported as missing, a directory and a circle as such', async () => {
    const root = temporaryDirectory();
    await symlink('circle', path.join(root, 'circle'));
    await symlink('gone', path.join(root, 'dangling'));
    expect(await readTrustedText(path.join(root, 'none'))).toBeUndefined();
    expect(await readTrustedText(path.join(root, 'dangling'))).toBeUndefined();
    expect(await readTrustedText(path.join(root, 'circle'))).toEqual({
      distrust: expect.stringMatching(/circle|ELOOP/),
    });
    expect(await readTrustedText(root)).toEqual({ distrust: 'it is a directory' });
  });
});

test('a file of the user is read, except through a link or when it is large', async () => {
  const root = temporaryDirectory();
  await writeFile(path.join(root, 'real'), 'text');
  await symlink('real', path.join(root, 'link'));
  expect(await readOwnText(path.join(root, 'real'))).toBe('text');
  expect(await readOwnText(path.join(root, 'real'), 3)).toBeUndefined();
  expect(await readOwnText(path.join(root, 'link'))).toBeUndefined();
  expect(await readOwnText(root)).toBeUndefined();
  await rename(path.join(root, 'real'), path.join(root, 'moved'));
  expect(await readOwnText(path.join(root, 'real'))).toBeUndefined();
});
