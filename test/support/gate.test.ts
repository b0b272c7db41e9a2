import { expect, test } from '@jest/globals';
import { runGateFixture } from './gate-run.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** A PATH without any of the programs that a lab needs. */
const withoutTools = (): Record<string, string> => ({ PATH: temporaryDirectory() });

test('a host that cannot run the lab skips the end-to-end tests with the reason', async () => {
  const run = await runGateFixture(withoutTools());
  expect(run).toMatchObject({ exitCode: 0, lastLine: '0 passed, 0 failed, 2 skipped' });
  expect(run.output).toMatch(/^end-to-end tests cannot run: .*; fix: /m);
}, 60_000);

test('with CI=true, the end-to-end tests fail there with the reason', async () => {
  const run = await runGateFixture({ ...withoutTools(), CI: 'true' });
  expect(run).toMatchObject({ exitCode: 1, lastLine: '0 passed, 2 failed' });
  expect(run.output).toMatch(/with CI=true no end-to-end test may be skipped: .*; fix: /);
}, 60_000);
