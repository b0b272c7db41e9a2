import { expect, test } from '@jest/globals';
import { describeLeak, leaksBetween } from './compare.ts';
import { kinds, nothing, type NodeSnapshot, type Snapshot } from './snapshot.ts';

function snapshot(nodes: Record<string, Partial<NodeSnapshot>>): Snapshot {
  const filled = Object.entries(nodes).map(([name, node]) => [name, { ...nothing, first: '7 1', ...node }]);
  return { places: { nodes: {} }, nodes: Object.fromEntries(filled) as Snapshot['nodes'] };
}

const leaks = (before: Snapshot, after: Snapshot) => leaksBetween(before, after).map(describeLeak);

test.each(kinds)('a new line of %s is a leak, unlike an old or a removed one', (kind) => {
  const before = snapshot({ gpu1: { [kind]: ['old', 'gone'] }, gpu2: {} });
  expect(leaksBetween(before, before)).toEqual([]);
  expect(leaksBetween(before, snapshot({ gpu1: { [kind]: ['new', 'old'] }, gpu2: {} }))).toEqual([
    { node: 'gpu1', kind, what: 'new' },
  ]);
});

test('a second copy of a line is a leak', () => {
  const before = snapshot({ gpu1: { mounts: ['/mnt (tmpfs x)'] } });
  const after = snapshot({ gpu1: { mounts: ['/mnt (tmpfs x)', '/mnt (tmpfs x)'] } });
  expect(leaks(before, after)).toEqual(['gpu1: mounts: /mnt (tmpfs x)']);
});

test('a line of one node does not excuse the same on another', () => {
  const before = snapshot({ gpu1: { sharedMemory: ['/dev/shm/a'] }, gpu2: {} });
  const after = snapshot({ gpu1: {}, gpu2: { sharedMemory: ['/dev/shm/a'] } });
  expect(leaks(before, after)).toEqual(['gpu2: shared memory: /dev/shm/a']);
});

test('a node that went down, came back or was not checked is not clean', () => {
  const before = snapshot({ gpu1: {} });
  expect(leaks(before, snapshot({ gpu1: { first: '' } }))).toEqual([
    'gpu1: node: went down, or was started again',
  ]);
  expect(leaks(before, snapshot({ gpu1: { first: '8 2' } }))).toEqual([
    'gpu1: node: went down, or was started again',
  ]);
  expect(leaks(before, snapshot({}))).toEqual(['gpu1: node: was not looked at again']);
});
