import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expectSuccess, runCommand } from '../../src/support/processes/command.ts';
import { packageRoot } from '../../src/support/package/package-root.ts';
import { added } from '../image/corpus/differences.ts';
import { treeOfModel, type Facts, type Tree } from '../image/corpus/facts.ts';
import { Model } from '../image/corpus/model.ts';
import { oneOfEach } from '../image/corpus/one-of-each.ts';
import { tarOf } from '../image/corpus/tar.ts';
import { layerBytes } from '../image/layer-bytes.ts';
import { OciBytes } from '../image/oci-bytes.ts';
import { installDebian12, startedFrom } from '../support/debian12.ts';
import { describeInLab, labExec } from '../support/lab.ts';
import { comparable } from '../support/listings.ts';
import { testLab } from '../support/test-lab.ts';

const directory = '/scratch/squashfs-readers';
const debian12 = `${directory}/debian-12`;
/** A tmpfs is used because other file systems do not support large xattrs. */
const inMemory = '/dev/shm/squashfs-readers';
const longMs = 180_000;

/** Runs a line of bash as root on the workstation in the directory, and fails the test on a non-zero exit code. */
async function asRoot(line: string, input?: Uint8Array): Promise<string> {
  const { exitCode, stdout, stderr } = await labExec('workstation', ['bash', '-ec', line], {
    user: 'root',
    cwd: directory,
    timeoutMs: longMs,
    ...(input && { input }),
  });
  expect({ line, exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ line, exitCode: 0, stderr: '' });
  return stdout;
}

/** Returns the path of the lab's directory on this machine. */
async function onThisMachine(): Promise<string> {
  return path.join((await testLab()).directory, directory);
}

/** A file whose size exceeds 32 bits, nearly all of it a hole. */
const huge = { name: 'huge', bytes: 2 ** 32 + 7, end: Buffer.from('sixteen bytes...') };
const secondLayer = layerBytes([
  // Apptainer binds a Python here.
  { name: 'usr', type: '5' },
  { name: 'lib', type: '2', link: 'usr/lib' },
  { name: 'lib64', type: '2', link: 'usr/lib64' },
  {
    name: huge.name,
    data: huge.end,
    pax: {
      'GNU.sparse.map': `${huge.bytes - huge.end.length},${huge.end.length}`,
      'GNU.sparse.size': String(huge.bytes),
    },
  },
]);

/** Returns the expected contents, from a model that shares no code with the converter. */
function modelled(): Tree {
  const model = new Model();
  model.apply(oneOfEach);
  const detail = `${huge.bytes} bytes that end with ${huge.end.toString('hex')}`;
  const facts = { kind: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0, xattrs: {}, detail, sameAs: null };
  return new Map([...treeOfModel(model), [`/${huge.name}`, facts]]);
}

const wanted = modelled();

/**
 * @param listing output of list-tree.py.
 * @param leftOut paths to ignore, in addition to those that every image gets.
 */
function expectAsDescribed(listing: string, leftOut = /^\/(usr|lib|lib64)$/): void {
  const facts = Object.entries(JSON.parse(listing) as Record<string, Facts>);
  const found: Tree = new Map(facts);
  const names = [...new Set([...wanted.keys(), ...found.keys()])];
  const compared = names.filter((name) => !added.test(name) && !leftOut.test(name));
  const differing = compared.flatMap((name) => {
    const [one, other] = [found, wanted].map((tree) => JSON.stringify(tree.get(name) ?? 'nothing'));
    return one === other ? [] : [`${JSON.stringify(name)}: ${one ?? ''}, described as ${other ?? ''}`];
  });
  expect(differing).toEqual([]);
}

/** The kernel mounts nothing without loop devices; CI has them. */
const mounted = existsSync('/dev/loop-control') || process.env.CI === 'true' ? test : test.skip;

describeInLab('a SIF is read as its image describes it', () => {
  beforeAll(async () => {
    const fresh = `rm -rf ${directory}; mkdir -p -m 777 ${directory}`;
    await labExec('workstation', ['sh', '-c', fresh], { user: 'root', cwd: '/' });
    await installDebian12(path.join(await onThisMachine(), 'debian-12'));
    await asRoot('cat >list-tree.py', readFileSync(path.join(packageRoot, 'test/image/corpus/list-tree.py')));
    const oci = new OciBytes();
    oci.add(oci.layered([tarOf(oneOfEach), secondLayer]));
    await asRoot('cat >image.tar', oci.tar());
  }, longMs);
  afterAll(async () => {
    await labExec('workstation', ['rm', '-rf', directory, inMemory], { user: 'root', cwd: '/' });
  });

  describe.each([
    ['gzip:6', '4K', 4096],
    ['zstd:3', '128K', 131_072],
    ['none', '1M', 1_048_576],
  ])('with %s in blocks of %s', (compression, blockSize, blockBytes) => {
    let offset: string;
    beforeAll(async () => {
      const options = `--compression ${compression} --block-size ${blockSize}`;
      await asRoot(`hpc-gat make-sif --engine native oci-archive:image.tar -o x.sif --force ${options}`);
      const partition = `apptainer sif list x.sif | sed -n 's/.*|\\([0-9]*\\)-.*Squashfs.*/\\1/p'`;
      offset = (await asRoot(partition)).trim();
    }, longMs);

    test.each([
      ['unsquashfs', 'unsquashfs'],
      ["Debian 12's unsquashfs", startedFrom(debian12, 'unsquashfs')],
    ])(
      'is extracted by %s',
      async (_whose, unsquashfs) => {
        const found = await asRoot(`rm -rf ${inMemory}; mkdir ${inMemory}
        ${unsquashfs} -quiet -no-progress -offset ${offset} -dest ${inMemory}/tree x.sif >log 2>&1 || { cat log >&2; exit 1; }
        python3 list-tree.py ${inMemory}/tree; rm -rf ${inMemory}`);
        expectAsDescribed(found);
      },
      longMs,
    );

    test(
      'is mounted by squashfuse',
      async () => {
        const found = await asRoot(`mkdir -p mnt; squashfuse_ll -o offset=${offset} x.sif mnt
        python3 list-tree.py mnt >found 2>log || { umount mnt; cat log >&2; exit 1; }; umount mnt; cat found`);
        expectAsDescribed(found);
      },
      longMs,
    );

    mounted(
      "mounted by this machine's kernel",
      async () => {
        // It runs in its own namespaces, so that mount and loop device disappear with it.
        const script = `mount -o loop,ro,offset=${offset} x.sif mnt && python3 list-tree.py mnt`;
        const isolated = [
          'KILL',
          'unshare',
          '--mount',
          '--pid',
          '--fork',
          '--kill-child',
          'sh',
          '-c',
          script,
        ];
        const result = await runCommand('setpriv', ['--pdeathsig', ...isolated], {
          cwd: await onThisMachine(),
          env: process.env,
          timeoutMs: longMs,
        });
        expectAsDescribed(expectSuccess(result, 'mounting the SIF').stdout);
      },
      longMs,
    );

    test(
      'is mounted by Apptainer',
      async () => {
        // Root of the lab lacks this capability, which Apptainer would pass on.
        const found = await asRoot(
          'apptainer exec --drop-caps CAP_SYS_RESOURCE --no-mount home,cwd,tmp,bind-paths --bind /usr x.sif /usr/bin/python3 - /. <list-tree.py',
        );
        // It has its own root directory.
        expectAsDescribed(found, /^(\/(usr|lib|lib64))?$/);
      },
      longMs,
    );

    test('is described by unsquashfs -s', async () => {
      const printed = await asRoot(`unsquashfs -s -offset ${offset} x.sif`);
      expect(printed).toMatch(compression === 'none' ? /Data is uncompressed/ : /Data is compressed/);
      const [codec = ''] = compression.split(':');
      expect(printed).toContain(codec === 'none' ? 'Compression gzip' : `Compression ${codec}`);
      expect(printed).toContain(`Block size ${blockBytes}\n`);
      expect(printed).toContain('Filesystem is exportable via NFS');
    });

    test('is listed alike by unsquashfs -lln and hpc-gat', async () => {
      const theirs = await asRoot(`unsquashfs -lln -dest '' -offset ${offset} x.sif`);
      const ours = await asRoot('hpc-gat sif list --tree --long x.sif');
      expect(comparable(theirs)).toEqual(comparable(ours));
    });
  });
});
