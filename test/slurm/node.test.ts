import { expect, test } from '@jest/globals';
import { findNodeName, findUnusableState } from '../../src/slurm/node.ts';
import { testContext } from '../support/context.ts';
import { fakePrograms } from '../support/fake-program.ts';

test.each([
  ['idle', undefined],
  ['mixed', undefined],
  ['allocated', undefined],
  ['down', 'down'],
  ['idle*', 'idle*'],
  ['drained', 'drained'],
])('classifies a node that sinfo reports as %s', async (state, expected) => {
  const PATH = fakePrograms({ sinfo: `echo '${state}'; echo idle` });
  const context = testContext({ env: { PATH } });
  expect(await findUnusableState(context, 'cpu1')).toBe(expected);
});

test('finds a node of another cluster', async () => {
  const PATH = fakePrograms({ sinfo: `case "$*" in *--clusters=c2*) printf 'CLUSTER: c2\ndown\n' ;; esac` });
  expect(await findUnusableState(testContext({ env: { PATH } }), 'cpu1', 'c2')).toBe('down');
});

const nodes =
  'n1|n1|n1\nn1|n1|n1\ncloud-7|gpub073.delta.edu|10.0.0.7\nn12.site.org|n12.site.org|n12.site.org';

test.each([
  ['n1', 'n1'],
  ['n1.cluster.local', 'n1'],
  ['gpub073.delta.edu', 'cloud-7'],
  ['gpub073', 'cloud-7'],
  ['n12', 'n12.site.org'],
  ['n2.cluster.local', undefined],
])('finds the node whose hostname is %s', async (host, expected) => {
  const PATH = fakePrograms({ sinfo: `echo '${nodes}'` });
  expect(await findNodeName(testContext({ env: { PATH } }), host)).toBe(expected);
});
