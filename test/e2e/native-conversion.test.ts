import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { layerBytes, type EntryBytes } from '../image/layer-bytes.ts';
import { OciBytes } from '../image/oci-bytes.ts';
import { describeInLab, labExec } from '../support/lab.ts';
import { workstation } from '../support/workstation.ts';

const directory = '/scratch/native-engine';
const { shell, stdoutOf, importImage, files } = workstation(directory);
const image = 'hpc-gat-e2e/native:1';
const longMs = 120_000;

const random = Buffer.from(Array.from({ length: 400_000 }, (_none, at) => (at * 7919 * at) % 251));
const capability = Buffer.from([1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

/** Files that other converters lose silently when they run without root. */
const odd: readonly EntryBytes[] = [
  { name: './', type: '5', mode: 0o1755 },
  { name: 'owned', data: 'owned', mode: 0o6755, uid: 4242, gid: 200_000, mtime: 1_700_000_000 },
  { name: 'secret', data: 'of mode 0', mode: 0 },
  { name: 'closed/', type: '5', mode: 0 },
  { name: 'closed/inside', data: 'kept', mode: 0o200 },
  { name: 'null', type: '3', major: 1, minor: 3, mode: 0o666 },
  { name: 'disk', type: '4', major: 259, minor: 70_000, mode: 0o600 },
  { name: 'pipe', type: '6', mode: 0o622 },
  { name: 'capable', data: 'x', mode: 0o755, pax: { 'SCHILY.xattr.security.capability': capability } },
  { name: 'large', data: random },
  { name: 'same', data: random },
  { name: 'hole', data: Buffer.concat([Buffer.alloc(300_000), Buffer.from('end')]) },
  { name: 'zeros', data: Buffer.alloc(5000) },
  { name: 'first', data: 'linked' },
  { name: 'second', type: '1', link: 'first' },
  { name: 'caf\xe9', data: 'bytes' },
  ...Array.from({ length: 3000 }, (_none, at) => ({
    name: `many/file-${at}-${'x'.repeat(40)}`,
    data: `${at}`,
  })),
];

function layout(layers: readonly (readonly EntryBytes[])[]): Buffer {
  const oci = new OciBytes();
  oci.manifests.push(oci.layered(layers.map(layerBytes)));
  return oci.tar();
}

/** Lists the file system of a SIF as root: type, mode, owner, size, links, time, target, name. */
async function listing(sif: string): Promise<string[]> {
  const { stdout, stderr } = await labExec(
    'workstation',
    [
      'bash',
      '-ec',
      `
    offset=$(apptainer sif list ${sif} | sed -n 's/.*|\\([0-9]*\\)-.*Squashfs.*/\\1/p')
    rm -rf ${sif}.tree
    unsquashfs -quiet -no-progress -offset $offset -dest ${sif}.tree ${sif} >&2
    find ${sif}.tree -mindepth 1 -printf '%y %m %U:%G %s %n %Ts %l %P\\n'
    getcap -r ${sif}.tree`,
    ],
    { user: 'root', cwd: directory, timeoutMs: longMs },
  );
  expect(stderr).toBe('');
  return stdout.split('\n');
}

describeInLab('the native engine', () => {
  beforeAll(async () => {
    await labExec('workstation', ['sh', '-c', `rm -rf ${directory}; mkdir -p -m 777 ${directory}`], {
      user: 'root',
      cwd: '/',
    });
    await importImage(image, 'hello');
    await stdoutOf(`docker save -o image.tar ${image}
      hpc-gat make-sif --engine native docker-archive:image.tar -o ours.sif`);
  }, longMs);
  afterAll(async () => {
    await labExec('workstation', ['sh', '-c', `docker image rm --force ${image}; rm -rf ${directory}`], {
      user: 'root',
      cwd: '/',
    });
  });

  test('makes a working SIF from the output of docker save', async () => {
    expect(await stdoutOf('apptainer run ours.sif')).toBe('hello');
    expect(await stdoutOf('apptainer exec ours.sif env | grep ^ODD=')).toBe('ODD=a  b;c');
  });

  test(
    'preserves what other unprivileged tools lose, in every codec, reproducibly',
    async () => {
      await labExec('workstation', ['sh', '-c', 'cat >odd.tar'], { cwd: directory, input: layout([odd]) });
      const listings: string[][] = [];
      for (const codec of ['zstd:3', 'gzip:6', 'none']) {
        const make = (name: string) =>
          stdoutOf(`hpc-gat make-sif --engine native oci-archive:odd.tar --compression ${codec} -o ${name}`);
        await make('odd.sif');
        await make('again.sif');
        expect(await stdoutOf('cmp odd.sif again.sif && echo same')).toBe('same');
        listings.push(await listing('odd.sif'));
      }
      const [first = [], ...others] = listings;
      others.forEach((one) => {
        expect(one).toEqual(first);
      });
      expect(first).toEqual(
        expect.arrayContaining([
          'f 6755 4242:200000 5 1 1700000000  owned',
          'f 0 0:0 9 1 0  secret',
          'd 0 0:0 4096 2 0  closed',
          'f 200 0:0 4 1 0  closed/inside',
          'c 666 0:0 0 1 0  null',
          'b 600 0:0 0 1 0  disk',
          'p 622 0:0 0 1 0  pipe',
          'f 644 0:0 6 2 0  first',
          'f 644 0:0 6 2 0  second',
          'odd.sif.tree/capable cap_net_raw=ep',
        ]),
      );
      expect(first.filter((line) => line.includes('many/file-'))).toHaveLength(3000);
      expect(await stdoutOf('cat odd.sif.tree/many/file-2999*')).toBe('2999');
      expect(await stdoutOf('stat -c %t:%T odd.sif.tree/disk')).toBe('103:11170');
      const sums = await labExec(
        'workstation',
        ['sh', '-c', 'cd odd.sif.tree; cmp large same; tail -c 3 hole; cat closed/inside secret'],
        { user: 'root', cwd: directory },
      );
      expect(sums.stdout).toBe('endkeptof mode 0');
    },
    longMs,
  );

  test('omits what upper layers hide, from the file too', async () => {
    const lower = [
      { name: 'hidden', data: random },
      { name: 'kept', data: 'kept' },
    ];
    const tar = layout([
      lower,
      [{ name: '.wh.hidden' }, { name: 'new', data: Buffer.from(random).reverse() }],
    ]);
    await labExec('workstation', ['sh', '-c', 'cat >two.tar'], { cwd: directory, input: tar });
    await stdoutOf('hpc-gat make-sif --engine native oci-archive:two.tar --compression none -o two.sif');
    const found = (await listing('two.sif')).filter(
      (line) => line.startsWith('f 644') && !line.includes('.singularity.d'),
    );
    expect(found.map((line) => line.split(' ').at(-1)).sort()).toEqual([
      'etc/hosts',
      'etc/resolv.conf',
      'kept',
      'new',
    ]);
    expect(Number(await stdoutOf('stat -c %s two.sif'))).toBeLessThan(600_000);
  });

  test(
    'converts the same from the daemon as from a file, without intermediate files',
    async () => {
      const name = 'hpc-gat-e2e/native-layers:1';
      await stdoutOf(`
        set -e
        mkdir layers; head -c 900000 /dev/urandom >layers/one; head -c 700000 /dev/urandom >layers/two
        printf 'FROM ${image}\\nCOPY one /one\\nCOPY two /one\\nCOPY one /dir/three\\n' >layers/Dockerfile
        DOCKER_BUILDKIT=0 docker build --quiet -t ${name} layers 2>/dev/null
        docker save -o layers.tar ${name}; rm -r layers`);
      await stdoutOf(`
        set -e
        hpc-gat make-sif --engine native docker-archive:layers.tar -o file.sif
        hpc-gat make-sif --engine native oci-archive:layers.tar -o layout.sif`);
      const before = await files();
      await stdoutOf(
        `hpc-gat make-sif --engine native docker-daemon:${name} -o daemon.sif; docker image rm ${name}`,
      );
      expect(await files()).toEqual([...before, 'daemon.sif', 'daemon.sif.json'].sort());
      expect(await stdoutOf('apptainer --quiet run daemon.sif')).toBe('hello');
      // Only the names of the source differ.
      const [fromFile = [], ...others] = await Promise.all(
        ['file.sif', 'daemon.sif', 'layout.sif'].map(async (sif) =>
          (await listing(sif)).filter((line) => !/\.singularity\.d\/(labels\.json|Singularity)$/.test(line)),
        ),
      );
      for (const one of others) {
        expect(one).toEqual(fromFile);
      }
      for (const sif of ['daemon.sif', 'layout.sif']) {
        const { stdout } = await labExec(
          'workstation',
          ['diff', '-rq', '--no-dereference', 'file.sif.tree', `${sif}.tree`],
          { user: 'root', cwd: directory },
        );
        expect(stdout.split('\n').filter((line) => !/labels\.json|Singularity/.test(line))).toEqual([]);
      }
    },
    longMs,
  );

  describe('a damaged image', () => {
    test.each([
      ['cut off', 'head -c 200000 odd.tar >bad.tar', /cut off|incomplete/],
      [
        'with another byte',
        'cp odd.tar bad.tar; printf X | dd of=bad.tar bs=1 seek=150000 conv=notrunc status=none',
        /digest|damaged/,
      ],
    ])('is rejected when it is %s, and leaves nothing behind', async (_how, damage, message) => {
      const before = await files();
      const { exitCode, stderr } = await shell(
        `${damage}; hpc-gat make-sif --engine native oci-archive:bad.tar -o bad.sif`,
      );
      expect({ exitCode, stderr }).toEqual({
        exitCode: expect.any(Number),
        stderr: expect.stringMatching(message),
      });
      expect(exitCode).not.toBe(0);
      expect((await files()).sort()).toEqual([...new Set([...before, 'bad.tar'])].sort());
    });
  });
});
