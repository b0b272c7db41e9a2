import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { hashBytes } from '../../src/support/files/digest.ts';
import { packageRoot } from '../../src/support/package/package-root.ts';
import type { Facts, Tree } from '../image/corpus/facts.ts';
import { tarOf, type TarItem } from '../image/corpus/tar.ts';
import { OciBytes } from '../image/oci-bytes.ts';
import { tarEntry } from '../image/tar-bytes.ts';
import { describeInLab, labExec, type LabResult } from '../support/lab.ts';

const directory = '/scratch/what-converters-lose';
const longMs = 120_000;
const page = 'docs/internals/converter.md';

const capability = '0100000200200000000000000000000000000000';
const at = 1_500_000_000;
const owner = { uid: 4242, gid: 200_000, mtime: at };
const text = (content: string) => ({ type: '0', content: Buffer.from(content), mtime: at });

const lower: readonly TarItem[] = [
  { name: './', type: '5', mode: 0o755, mtime: at },
  { name: 'owned', ...text('1'), ...owner, mode: 0o644 },
  { name: 'special', ...text('1'), mode: 0o6755, uid: 4242, gid: 4242 },
  { name: 'closed', ...text('secret'), mode: 0 },
  { name: 'write-only', ...text('secret'), mode: 0o200 },
  { name: 'vault/', type: '5', mode: 0, mtime: at },
  { name: 'vault/inside', ...text('secret'), mode: 0o644 },
  {
    name: 'capable',
    ...text('1'),
    mode: 0o755,
    xattrs: { 'security.capability': Buffer.from(capability, 'hex') },
  },
  { name: 'noted', ...text('1'), mode: 0o644, xattrs: { 'user.note': Buffer.from('a\0b') } },
  { name: 'device', type: '3', major: 1, minor: 3, mode: 0o666, mtime: at },
  { name: 'pipe', type: '6', mode: 0o600, mtime: at },
  { name: 'old/', type: '5', mode: 0o755, mtime: at },
  { name: 'old/file', ...text('1'), mode: 0o644 },
  { name: 'one', ...text('1'), mode: 0o644 },
  { name: 'other', type: '1', link: 'one' },
  { name: 'caf\xe9', ...text('1'), mode: 0o644 },
  { name: 'gone', ...text('1'), mode: 0o644 },
  { name: 'emptied/', type: '5', mode: 0o755 },
  { name: 'emptied/gone', ...text('1'), mode: 0o644 },
  { name: 'replaced', ...text('lower'), mode: 0o644 },
  { name: 'of-it', type: '1', link: 'replaced' },
];
const upper: readonly TarItem[] = [
  { name: '.wh.gone', type: '0' },
  { name: 'emptied/.wh..wh..opq', type: '0' },
  { name: 'replaced', ...text('upper'), mode: 0o644 },
];

/** State of a fact in the result: "kept", or its new value. */
type Look = (tree: Tree, of: (name: string) => Facts | undefined) => string;

const kept = (is: boolean | undefined, otherwise: string) => (is === true ? 'kept' : otherwise);
const emptySum = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

const contentOf =
  (name: string): Look =>
  (_tree, of) => {
    const found = of(name);
    return found === undefined ? 'not there' : kept(found.detail !== emptySum, 'empty');
  };

const rows: Readonly<Record<string, Look>> = {
  'Owner 4242, group 200000': (_tree, of) => {
    const { uid, gid } = of('owned') ?? {};
    return kept(uid === 4242 && gid === 200_000, ownerName(uid, gid));
  },
  'setuid and setgid of 4242:4242': (_tree, of) => {
    const { mode = 0, uid, gid } = of('special') ?? {};
    return kept(
      (mode & 0o6000) === 0o6000 && uid === 4242 && gid === 4242,
      `${mode.toString(8)}, ${ownerName(uid, gid)}`,
    );
  },
  'Content of a file of mode 000': contentOf('closed'),
  'Content of a file of mode 200': contentOf('write-only'),
  'File in a directory of mode 000': contentOf('vault/inside'),
  'File capability': (_tree, of) => kept(of('capable')?.xattrs['security.capability'] === capability, 'lost'),
  'xattr `user.note`': (_tree, of) => kept(of('noted')?.xattrs['user.note'] === '610062', 'lost'),
  'xattrs that the image has not': (tree) => {
    const known = ['security.capability', 'user.note'];
    const names = [...tree.values()].flatMap(({ xattrs }) => Object.keys(xattrs));
    const leaked = [...new Set(names.filter((name) => !known.includes(name)))].sort();
    return leaked.length === 0 ? 'none' : leaked.map((name) => `\`${name}\``).join(', ');
  },
  'Character device 1:3': (_tree, of) => {
    const found = of('device');
    return kept(found?.kind === 'character-device' && found.detail === '1:3', found?.kind ?? 'not there');
  },
  FIFO: (_tree, of) => kept(of('pipe')?.kind === 'fifo', of('pipe')?.kind ?? 'not there'),
  'Two names of one file': (_tree, of) =>
    kept(of('other')?.sameAs === '/one', of('other') === undefined ? 'not there' : 'two files'),
  'Second name of a file that an upper layer replaces': (_tree, of) =>
    of('of-it') === undefined
      ? 'not there'
      : kept(of('of-it')?.detail !== of('replaced')?.detail, 'the new content'),
  'What an upper layer replaces': (_tree, of) =>
    of('replaced')?.detail === hashBytes('upper') ? 'replaced' : 'the old content',
  'What a whiteout hides': (_tree, of) => (of('gone') === undefined ? 'hidden' : 'still there'),
  'What an opaque whiteout hides': (_tree, of) =>
    of('emptied/gone') === undefined ? 'hidden' : 'still there',
  'Time of a file': (_tree, of) => kept(of('old/file')?.mtime === at, 'another'),
  'Time of a directory': (_tree, of) => kept(of('old')?.mtime === at, 'another'),
  'Mode and owner of the root': (_tree, of) => {
    const { mode = 0, uid, gid } = of('') ?? {};
    return kept(mode === 0o755 && uid === 0 && gid === 0, `${mode.toString(8)}, ${ownerName(uid, gid)}`);
  },
  'Name that is no UTF-8': (_tree, of) => kept(of('caf\xe9') !== undefined, 'another'),
};

/** Formats an owner; alice runs the converters. */
function ownerName(uid: number | undefined, gid: number | undefined): string {
  const owner = `${uid}:${gid}`;
  return { '0:0': 'root’s', '1001:1001': 'the user’s' }[owner] ?? owner;
}

/** Each command writes OUT.sif or OUT.sqfs. */
const converters: Readonly<Record<string, string>> = {
  '`apptainer build`': 'apptainer build OUT.sif oci:layout',
  '`apptainer build --fakeroot`': 'apptainer build --fakeroot OUT.sif oci:layout',
  'umoci `--rootless`, mksquashfs':
    'umoci raw unpack --rootless --image layout:it OUT.tree && mksquashfs OUT.tree OUT.sqfs -quiet -no-progress',
  'mksquashfs `-tar`': 'mksquashfs - OUT.sqfs -tar -quiet -no-progress <both.tar',
  'hpc-gat': 'hpc-gat make-sif --engine native oci:layout -o OUT.sif',
};

async function inDirectory(line: string, user: 'alice' | 'root', input?: Uint8Array): Promise<LabResult> {
  return labExec('workstation', ['bash', '-c', line], {
    user,
    cwd: directory,
    timeoutMs: longMs,
    ...(input && { input }),
  });
}

async function treeOf(name: string): Promise<Tree> {
  const { stdout, stderr } = await inDirectory(
    `if [ -e ${name}.sif ]; then
       file=${name}.sif; offset=$(apptainer sif list $file | sed -n 's/.*|\\([0-9]*\\)-.*Squashfs.*/\\1/p')
     else
       file=${name}.sqfs; offset=0
     fi
     unsquashfs -quiet -no-progress -offset $offset -dest ${name}.found $file >&2 && python3 list-tree.py ${name}.found`,
    'root',
  );
  if (stdout === '') {
    throw new Error(stderr);
  }
  return new Map(Object.entries(JSON.parse(stdout) as Record<string, Facts>));
}

describeInLab('what converters lose without root', () => {
  beforeAll(async () => {
    const fresh = `rm -rf ${directory}; mkdir -p -m 777 ${directory}`;
    await labExec('workstation', ['sh', '-c', fresh], { user: 'root', cwd: '/' });
    await inDirectory(
      'cat >list-tree.py',
      'alice',
      readFileSync(path.join(packageRoot, 'test/image/corpus/list-tree.py')),
    );
    const oci = new OciBytes();
    oci.add(oci.layered([tarOf(lower), tarOf(upper)]), 'it');
    const layout = Buffer.concat([tarEntry('oci-layout', '{"imageLayoutVersion":"1.0.0"}'), oci.tar()]);
    await inDirectory('mkdir layout; tar -xf - -C layout', 'alice', layout);
    // The layers are merged in order into one tar.
    await inDirectory('cat >both.tar', 'alice', tarOf([...lower, ...upper]));
  }, longMs);
  afterAll(async () => {
    await labExec('workstation', ['rm', '-rf', directory], { user: 'root', cwd: '/' });
  });

  test(
    'matches the documentation',
    async () => {
      const columns = await Promise.all(
        Object.entries(converters).map(async ([name, command], index) => {
          const out = `out-${index}`;
          const { exitCode } = await inDirectory(`{ ${command.replaceAll('OUT', out)}; } >&2`, 'alice');
          const tree = await treeOf(out);
          const of = (file: string) => tree.get(file === '' ? '' : `/${file}`);
          return [name, String(exitCode), ...Object.values(rows).map((look) => look(tree, of))];
        }),
      );
      const lines = ['Made without root', 'Exit code', ...Object.keys(rows)].map((row, line) =>
        [row, ...columns.map((column) => column[line] ?? '')].join(' | '),
      );
      const [head = '', ...body] = lines.map((line) => `| ${line} |`);
      const rule = `|${'---|'.repeat(columns.length + 1)}`;
      expect(readFileSync(path.join(packageRoot, page), 'utf8')).toContain([head, rule, ...body].join('\n'));
    },
    longMs,
  );
});
