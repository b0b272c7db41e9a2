import { expect, test } from '@jest/globals';
import { whyNodeIsUnusable } from '../../src/slurm/node.ts';
import { testContext } from '../support/context.ts';
import { fakePrograms } from '../support/fake-program.ts';

test.each([
  ['idle', undefined],
  ['mixed', undefined],
  ['allocated', undefined],
  ['down', 'down'],
  ['idle*', 'idle*'],
  ['drained', 'drained'],
])('a node that sinfo calls %s', async (state, expected) => {
  const PATH = fakePrograms({ sinfo: `echo '${state}'; echo idle` });
  const context = testContext({ env: { PATH } });
  expect(await whyNodeIsUnusable(context, 'cpu1')).toBe(expected);
});

test('a node of another cluster', async () => {
  const PATH = fakePrograms({ sinfo: `case "$*" in *--clusters=c2*) printf 'CLUSTER: c2\ndown\n' ;; esac` });
  expect(await whyNodeIsUnusable(testContext({ env: { PATH } }), 'cpu1', 'c2')).toBe('down');
});
