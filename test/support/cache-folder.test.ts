import { expect, test } from '@jest/globals';
import { userInfo } from 'node:os';
import path from 'node:path';
import { cacheFolder } from '../../src/support/cache-folder.ts';

const ofAccount = path.join(userInfo().homedir, '.cache', 'hpc-gat');

test.each([
  ['XDG_CACHE_HOME', { XDG_CACHE_HOME: '/caches', HOME: '/home/ada' }, '/caches/hpc-gat'],
  ['HOME', { XDG_CACHE_HOME: 'relative', HOME: '/home/ada' }, '/home/ada/.cache/hpc-gat'],
  ['the account without HOME', {}, ofAccount],
  ['the account with an empty HOME', { HOME: '' }, ofAccount],
  ['the account with a relative HOME', { HOME: '.' }, ofAccount],
])('the folder for caches is that of %s, and never the working directory', (_what, env, folder) => {
  expect(cacheFolder({ env })).toBe(folder);
});
