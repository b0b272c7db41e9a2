import { expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isWithin } from './groups.ts';
import { isHalfMade } from './half-made.ts';
import { parseMounts } from './mounts.ts';
import { processesOfNode, type Process } from './processes.ts';
import { readableAddress } from './sockets.ts';

test('the leak check imports only its own files and Node', () => {
  const own = readdirSync(import.meta.dirname).filter((name) => /(?<!\.test)\.ts$/.test(name));
  expect(own).toContain('leak-check.ts');
  for (const file of own) {
    const text = readFileSync(path.join(import.meta.dirname, file), 'utf8');
    const imported = [...text.matchAll(/(?:from|import\(?)\s*'([^']+)'/g)].map((match) => match[1] ?? '');
    expect(imported.filter((name) => !/^(node:|\.\/[\w-]+\.ts$)/.test(name))).toEqual([]);
  }
});

function process(pid: number, parent: number, pidNamespace: string): Process {
  const namespaces = { pid: pidNamespace, mnt: 'mnt:[1]', net: 'net:[1]' };
  return { pid, parent, namespaces, startTicks: 0, uid: 0, command: 'x', groups: new Map() };
}

test('a node owns its process namespace, entered or inherited, and those below it', () => {
  const host = process(1, 0, 'pid:[1]');
  const first = process(10, 9, 'pid:[2]');
  const all = [
    host,
    process(9, 1, 'pid:[1]'),
    first,
    process(11, 10, 'pid:[2]'),
    process(12, 1, 'pid:[2]'), // nsenter's child
    process(13, 11, 'pid:[3]'), // a container
    process(14, 13, 'pid:[3]'),
    process(20, 1, 'pid:[4]'), // another node
  ];
  const found = processesOfNode(new Map(all.map((entry) => [entry.pid, entry])), first);
  expect(found.map(({ pid }) => pid)).toEqual([10, 11, 12, 13, 14]);
});

test('addresses of /proc/net are decoded', () => {
  expect(readableAddress('0100007F:1F41')).toBe('127.0.0.1:8001');
  expect(readableAddress('00000000000000000000000000000000:0016')).toBe('[::]:22');
});

test('mounts are parsed from mountinfo with and without optional fields', () => {
  const text =
    '36 35 98:0 /sub /mnt rw,noatime shared:1 - ext3 /dev/root rw\n' +
    '37 35 0:31 / /run rw - tmpfs tmpfs rw,mode=755\n';
  expect(parseMounts(text)).toEqual([
    { point: '/mnt', root: '/sub', type: 'ext3', source: '/dev/root', options: 'rw' },
    { point: '/run', root: '/', type: 'tmpfs', source: 'tmpfs', options: 'rw,mode=755' },
  ]);
});

test.each([
  ['/a/b', '/a', true],
  ['/a', '/a', true],
  ['/ab', '/a', false],
  ['/a', '/', true],
  ['/', '/a', false],
])('control group %s within %s is %s', (inner, outer, expected) => {
  expect(isWithin(inner, outer)).toBe(expected);
});

test.each([
  ['/cache/triton-cpu.part.Xy12/', true],
  ['/home/alice/gat-demo/.triton.sif.login-1-2.work/', true],
  ['/cache/rootfs-1.part/', true],
  ['/home/alice/work/', false],
  ['/home/alice/partition.txt', false],
])('%s is recognized as partial: %s', (name, expected) => {
  expect(isHalfMade(name)).toBe(expected);
});
