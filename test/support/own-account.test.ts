import { expect, test } from '@jest/globals';
import { userInfo } from 'node:os';
import { getOwnAccount, getOwnName, getOwnUid } from '../../src/support/own-account.ts';

test('an account has the name, home directory and shell of the user database', () => {
  const { username, homedir, uid } = userInfo();
  expect(getOwnAccount()).toMatchObject({ name: username, homeDirectory: homedir });
  expect(getOwnUid()).toBe(uid);
});

test('a user id without an account, as in containers, has none of them', () => {
  const throwing = (): never => {
    throw new Error('A system error occurred: uv_os_get_passwd returned ENOENT');
  };
  expect(getOwnAccount(throwing)).toEqual({ name: undefined, homeDirectory: undefined, shell: undefined });
});

test('USER names the user before the account does', () => {
  expect(getOwnName({ env: { USER: 'ada' } })).toBe('ada');
  expect(getOwnName({ env: {} })).toBe(userInfo().username);
});
