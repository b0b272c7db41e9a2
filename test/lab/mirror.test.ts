import { expect, test } from '@jest/globals';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { chooseMirror, findDebianMirror } from '../../src/lab/mirror.ts';
import { findProgram } from '../../src/support/processes/find-program.ts';
import { testContext } from '../support/context.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

function uris(...sources: string[]): string {
  return sources.map((source) => `'${source}/InRelease' some_InRelease 0 `).join('\n');
}

test('the archive of this release is selected among other sources', () => {
  const nodesource = 'https://deb.nodesource.com/node_20.x/dists/nodistro';
  const mirror = 'http://mirror.site/debian';
  const sources = [nodesource, `${mirror}-security/dists/bookworm-security`, `${mirror}/dists/bookworm`];
  expect(chooseMirror(uris(...sources), 'bookworm')).toBe(mirror);
  expect(chooseMirror(uris(...sources), 'trixie')).toBe(mirror);
  expect(chooseMirror(uris('https://site/pub/linux/dists/trixie'), 'trixie')).toBe('https://site/pub/linux');
  expect(chooseMirror(uris(nodesource), 'trixie')).toBeUndefined();
});

test('a mirror given by the user takes precedence', async () => {
  const context = testContext({ env: { HPC_GAT_LAB_MIRROR: 'http://here/debian' } });
  await expect(findDebianMirror(context)).resolves.toBe('http://here/debian');
});

const withApt = findProgram('apt-get', testContext().env) === undefined ? test.skip : test;

withApt.each([
  ['mine.list', 'deb [signed-by=/x.gpg] http://list.form/debian bookworm main contrib\n'],
  [
    'mine.sources',
    'Types: deb\nURIs: http://sources.form/debian\nSuites: bookworm bookworm-updates\nComponents: main\n',
  ],
])('apt itself reads its sources: %s', async (file, content) => {
  const directory = temporaryDirectory();
  await mkdir(path.join(directory, 'parts'));
  await writeFile(path.join(directory, 'parts', file), content);
  const config = path.join(directory, 'apt.conf');
  await writeFile(config, `Dir::Etc::sourcelist "/dev/null"; Dir::Etc::sourceparts "${directory}/parts";`);
  const { env } = testContext();
  const mirror = await findDebianMirror(testContext({ env: { ...env, APT_CONFIG: config } }));
  expect(mirror).toBe(/http:\S+/.exec(content)?.[0]);
});
