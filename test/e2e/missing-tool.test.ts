import { expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { runGateFixture } from '../support/gate-run.ts';
import { describeInLab } from '../support/lab.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Returns the environment variables that a nested run needs to find root, tools and cache. */
function environment(more: Record<string, string> = {}): Record<string, string> {
  const { PATH = '', XDG_CACHE_HOME } = process.env;
  return { PATH, ...(XDG_CACHE_HOME !== undefined && { XDG_CACHE_HOME }), ...more };
}

/** Creates a file that is not executable, to be bound over apptainer. */
function nothingToExecute(): string {
  const file = path.join(temporaryDirectory(), 'apptainer');
  writeFileSync(file, '');
  return file;
}

describeInLab('a lab without apptainer', () => {
  test('end-to-end tests are skipped where a tool is hidden', async () => {
    const run = await runGateFixture(environment({ HIDDEN: nothingToExecute() }));
    expect(run).toMatchObject({ exitCode: 0, lastLine: '0 passed, 0 failed, 2 skipped' });
    expect(run.output).toContain('end-to-end tests cannot run: apptainer cannot be run in the lab');
  }, 120_000);

  test('with CI=true, end-to-end tests fail where a tool is hidden', async () => {
    const run = await runGateFixture(environment({ HIDDEN: nothingToExecute(), CI: 'true' }));
    expect(run).toMatchObject({ exitCode: 1, lastLine: '0 passed, 2 failed' });
    expect(run.output).toContain('no end-to-end test may be skipped: apptainer cannot be run in the lab');
  }, 120_000);
});
