import { expect, test } from '@jest/globals';
import { parseCgroups } from '../../src/lab/cgroups.ts';

test('version 1 has one group in each hierarchy, with named ones by name and without the unified one', () => {
  const mountinfo = [
    '31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755',
    '32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct',
    '40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/lib/x,name=systemd',
    '41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw',
    '',
  ].join('\n');
  expect(parseCgroups(mountinfo, 'mine')).toEqual([
    {
      parent: '/sys/fs/cgroup/cpu,cpuacct',
      directory: '/sys/fs/cgroup/cpu,cpuacct/mine',
      type: 'cgroup',
      options: 'cpu,cpuacct',
      mountPoint: 'cpu,cpuacct',
    },
    {
      parent: '/sys/fs/cgroup/systemd',
      directory: '/sys/fs/cgroup/systemd/mine',
      type: 'cgroup',
      options: 'none,name=systemd',
      mountPoint: 'systemd',
    },
  ]);
});

test('version 2 has one group', () => {
  const mountinfo = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate';
  expect(parseCgroups(mountinfo, 'mine')).toEqual([
    {
      parent: '/sys/fs/cgroup',
      directory: '/sys/fs/cgroup/mine',
      type: 'cgroup2',
      options: 'rw',
      mountPoint: '.',
    },
  ]);
});
