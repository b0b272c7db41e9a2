import { expect, test } from '@jest/globals';
import { checkAgain } from '../leaks/check.ts';
import { describeLeak } from '../leaks/compare.ts';
import { kinds, type Kind } from '../leaks/snapshot.ts';
import { describeInLab, labExec } from '../support/lab.ts';
import { expectNothingLeft, snapshotOfLab } from '../support/expect-no-leaks.ts';

interface Planted {
  readonly kind: Kind;
  readonly node: string;
  readonly user: 'alice' | 'root';
  /** Lines of bash. In the second, `$pid` is the output of the first. */
  readonly plant: string;
  readonly remove: string;
  readonly found: RegExp;
  /** Kinds that necessarily come with another one, as a port with a process. */
  readonly with?: readonly Kind[];
}

const inBackground = '>/dev/null 2>&1 </dev/null & echo $!';
const untilItSleeps = 'until [ "$(cat /proc/$!/comm)" = sleep ]; do sleep 0.05; done';
const groupDirectory =
  'for f in /sys/fs/cgroup/freezer /sys/fs/cgroup; do [ ! -e $f/cgroup.procs ] || break; done';

const leaks: readonly Planted[] = [
  {
    kind: 'processes',
    node: 'gpu1',
    user: 'alice',
    plant: `setsid sleep 7141 ${inBackground}; ${untilItSleeps}`,
    remove: 'kill $pid',
    found: /^gpu1: processes: \d+ \(started at \d+, user 1001\): sleep 7141$/,
  },
  {
    kind: 'mounts',
    node: 'cpu1',
    user: 'root',
    plant: 'mkdir -p /mnt/leak && mount -t tmpfs planted /mnt/leak',
    remove: 'umount /mnt/leak && rmdir /mnt/leak',
    found: /^cpu1: mounts: \/mnt\/leak \(tmpfs planted\)$/,
  },
  {
    kind: 'mounts',
    node: 'cpu1',
    user: 'root',
    plant: `setsid unshare --mount sh -c 'mount -t tmpfs hidden /mnt && exec sleep 7142' ${inBackground}; ${untilItSleeps}`,
    remove: 'kill $pid',
    found: /^cpu1: mounts: \/mnt \(tmpfs hidden\), seen by process \d+, sleep 7142$/,
    with: ['processes'],
  },
  {
    kind: 'sharedMemory',
    node: 'gpu2',
    user: 'alice',
    plant: 'echo >/dev/shm/triton_python_backend_shm_region_planted',
    remove: 'rm /dev/shm/triton_python_backend_shm_region_planted',
    found: /^gpu2: shared memory: \/dev\/shm\/triton_python_backend_shm_region_planted$/,
  },
  {
    kind: 'sockets',
    node: 'login',
    user: 'alice',
    plant: `python3 -c 'import socket, time; s = socket.create_server(("127.0.0.1", 28001)); time.sleep(7143)' ${inBackground}; until grep -q ':6D61 ' /proc/net/tcp; do sleep 0.05; done`,
    remove: 'kill $pid',
    found: /^login: sockets: tcp 127\.0\.0\.1:28001$/,
    with: ['processes'],
  },
  {
    kind: 'dockerContainers',
    node: 'workstation',
    user: 'alice',
    plant:
      'tar --create --files-from /dev/null | docker import - planted:1 >/dev/null; docker create --name planted planted:1 /nothing',
    remove: 'docker rm planted && docker image rm planted:1',
    found: /^workstation: docker containers: \/var\/lib\/docker\/containers\/[0-9a-f]{64}\/$/,
  },
  {
    kind: 'networkInterfaces',
    node: 'workstation',
    user: 'alice',
    plant: 'docker network create planted',
    remove: 'docker network rm planted',
    found: /^workstation: network interfaces: br-[0-9a-f]{12}$/,
  },
  {
    kind: 'temporaryFiles',
    node: 'gpu1',
    user: 'alice',
    plant: 'mkdir -p /tmp/deep/er && touch /tmp/deep/er/planted',
    remove: 'rm -r /tmp/deep',
    found: /^gpu1: temporary files: \/tmp\/deep\/er\/planted$/,
  },
  {
    kind: 'temporaryFiles',
    node: 'gpu1',
    user: 'alice',
    plant: 'touch /scratch/planted',
    remove: 'rm /scratch/planted',
    // All nodes share it, so it is reported once.
    found: /^\w+: temporary files: \/scratch\/planted$/,
  },
  {
    kind: 'instanceRecords',
    node: 'gpu1',
    user: 'alice',
    plant: 'd=~/.apptainer/instances/app/gpu1/alice/planted; mkdir -p $d && echo {} >$d/planted.json',
    remove: 'rm -r ~/.apptainer/instances/app/gpu1/alice/planted',
    found:
      /: instance records: \/home\/alice\/\.apptainer\/instances\/app\/gpu1\/alice\/planted\/planted\.json$/,
  },
  {
    kind: 'halfMadeFiles',
    node: 'workstation',
    user: 'alice',
    plant: 'mkdir ~/.triton.sif.workstation-1-2.work',
    remove: 'rmdir ~/.triton.sif.workstation-1-2.work',
    found: /: half made files: \/home\/alice\/\.triton\.sif\.workstation-1-2\.work\/$/,
  },
  {
    kind: 'controlGroups',
    node: 'workstation',
    user: 'root',
    plant: `${groupDirectory}; mkdir $f/planted`,
    remove: `${groupDirectory}; rmdir $f/planted`,
    found: /^workstation: control groups: .*\/planted$/,
  },
  {
    kind: 'networkInterfaces',
    node: 'cpu2',
    user: 'root',
    plant: 'ip link add planted0 type veth peer name planted1',
    remove: 'ip link delete planted0',
    found: /^cpu2: network interfaces: planted0$/,
  },
];

async function bash({ node, user }: Planted, line: string): Promise<string> {
  const { exitCode, stdout, stderr } = await labExec(node, ['bash', '-c', line], { user });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout.trim();
}

describeInLab('the leak check', () => {
  test('covers every kind of leak', () => {
    expect([...new Set(leaks.map(({ kind }) => kind))].sort()).toEqual([...kinds].sort());
  });

  test('finds nothing after a job that ended in order', async () => {
    const before = await snapshotOfLab();
    const { exitCode } = await labExec('login', [
      'srun',
      '--partition=gpu',
      '--gres=gpu:1',
      'nvidia-smi',
      '-L',
    ]);
    expect(exitCode).toBe(0);
    await expectNothingLeft(before);
  });

  test.each(leaks)('finds $kind on $node: $plant', async (planted) => {
    const before = await snapshotOfLab();
    const pid = await bash(planted, planted.plant);
    try {
      const found = await checkAgain(before, 0);
      expect(found.map(describeLeak)).toContainEqual(expect.stringMatching(planted.found));
      const expected = new Set([planted.kind, ...(planted.with ?? [])]);
      expect(found.filter(({ kind }) => !expected.has(kind as Kind)).map(describeLeak)).toEqual([]);
    } finally {
      await bash(planted, `pid=${pid}; ${planted.remove}`);
    }
    await expectNothingLeft(before);
  });
});
