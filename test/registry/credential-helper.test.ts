import { expect, test } from '@jest/globals';
import { queryHelper } from '../../src/registry/credential-helper.ts';
import { testContext } from '../support/context.ts';
import { fakeProgram } from '../support/fake-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const hanging = (signal = new AbortController().signal) => {
  const directory = temporaryDirectory();
  // The helper waits for a child, which keeps its output open.
  fakeProgram(directory, 'docker-credential-hanging', 'sleep 30; true');
  return testContext({ env: { PATH: `${directory}:/usr/bin:/bin` }, signal });
};

test('a helper that hangs is ended in time, with its children', async () => {
  const started = performance.now();
  await expect(queryHelper('hanging', ['a.io'], hanging(), 200)).rejects.toThrow(
    'docker-credential-hanging failed (no answer in time)',
  );
  expect(performance.now() - started).toBeLessThan(5000);
});

test('a helper that hangs is ended on Ctrl-C', async () => {
  const interruption = new AbortController();
  const asking = queryHelper('hanging', ['a.io'], hanging(interruption.signal));
  setTimeout(() => {
    interruption.abort(new Error('interrupted'));
  }, 300);
  await expect(asking).rejects.toThrow('interrupted');
}, 5000);
