import { expect, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { findRuntimeModule } from '../../src/apptainer/find-module.ts';
import { testContext } from '../support/context.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Creates a home whose login shell has a `module` function that lists these modules. */
async function homeWithModules(listing: string): Promise<string> {
  const home = temporaryDirectory();
  await writeFile(path.join(home, '.bash_profile'), `module() { printf '${listing}' >&2; }\n`);
  return home;
}

test.each([
  ['/opt/modules/all:\\napptainer/1.3.4(default)\\nsingularity/3.8\\n', 'apptainer'],
  ['/opt/modules/all:\\nsingularity/3.8\\nsingularity-ce/4.1\\n', 'singularity-ce'],
  ['/opt/modules/apptainer:\\nsingularity\\n', 'singularity'],
  ['', undefined],
])('of the modules %j, %j is chosen', async (listing, name) => {
  const env = { PATH: '/usr/bin:/bin', HOME: await homeWithModules(listing) };
  expect(await findRuntimeModule(testContext({ env }))).toBe(name);
});

test('without a module system none is chosen', async () => {
  const env = { PATH: '/usr/bin:/bin', HOME: temporaryDirectory() };
  expect(await findRuntimeModule(testContext({ env }))).toBeUndefined();
});
