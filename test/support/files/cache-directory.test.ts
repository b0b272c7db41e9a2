import { expect, test } from '@jest/globals';
import { userInfo } from 'node:os';
import path from 'node:path';
import { getCacheDirectory } from '../../../src/support/files/cache-directory.ts';

const ofAccount = path.join(userInfo().homedir, '.cache', 'hpc-gat');

test.each([
  ['XDG_CACHE_HOME', { XDG_CACHE_HOME: '/caches', HOME: '/home/ada' }, '/caches/hpc-gat'],
  ['HOME', { XDG_CACHE_HOME: 'relative', HOME: '/home/ada' }, '/home/ada/.cache/hpc-gat'],
  ['the account without HOME', {}, ofAccount],
  ['the account with an empty HOME', { HOME: '' }, ofAccount],
  ['the account with a relative HOME', { HOME: '.' }, ofAccount],
])('the cache directory derives from %s, never from the working directory', (_what, env, directory) => {
  expect(getCacheDirectory({ env })).toBe(directory);
});
