import { describe, expect, test } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { packageRoot } from '../../../src/support/package/package-root.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { layerBytes, type EntryBytes } from '../layer-bytes.ts';
import { OciBytes } from '../oci-bytes.ts';

const canTrace = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;
const isRequired = process.env.CI === 'true';

/** System calls that start a process, or change a path; opened files are distinguished by their flags. */
const traced = [
  ...['execve', 'execveat', 'fork', 'vfork', 'clone', 'clone3'],
  ...[
    'open',
    'openat',
    'openat2',
    'creat',
    'truncate',
    'unlink',
    'unlinkat',
    'rename',
    'renameat',
    'renameat2',
  ],
  ...['mkdir', 'mkdirat', 'rmdir', 'symlink', 'symlinkat', 'link', 'linkat', 'mknod', 'mknodat', 'mount'],
  ...[
    'chmod',
    'fchmodat',
    'chown',
    'lchown',
    'fchownat',
    'utimensat',
    'setxattr',
    'lsetxattr',
    'chroot',
    'chdir',
  ],
].map((name) => `?${name}`);

interface Seen {
  readonly exitCode: number | null;
  readonly stderr: string;
  /** Started programs and processes, without threads. */
  readonly started: readonly string[];
  /** Absolute paths that were created, changed or removed. */
  readonly written: readonly string[];
}

/** Returns the effects of a conversion, as strace reports them. */
async function seenOf(directory: string, archive: Buffer): Promise<Seen> {
  await writeFile(path.join(directory, 'image.tar'), archive);
  const trace = path.join(path.dirname(directory), 'trace');
  const argv = [
    'make-sif',
    'oci-archive:image.tar',
    '--engine',
    'native',
    '--compression',
    'zstd:1',
    '-o',
    'x.sif',
  ];
  const { status, stderr } = spawnSync(
    'strace',
    [
      ...['-f', '-qq', '-s', '4096', '-e', `trace=${traced.join(',')}`, '-o', trace],
      // The calls of the wrapper in bin/ are ignored.
      ...[process.execPath, path.join(packageRoot, 'bin/hpc-gat.js'), ...argv],
    ],
    {
      cwd: directory,
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH,
        HOME: directory,
        XDG_CACHE_HOME: cacheOf(directory),
        NODE_DISABLE_COMPILE_CACHE: '1',
      },
    },
  );
  const calls = (await readFile(trace, 'utf8'))
    .split('\n')
    .map((line) => line.replace(/^\d+ +/, ''))
    .filter((line) => line !== '' && !/ = -1 |^[+-]{3} /.test(line));
  const started = calls
    .filter((call) => /^(execve|execveat|fork|vfork)/.test(call) || isProcess(call))
    .slice(1);
  const changing = calls.filter((call) => !/^(exec|fork|vfork|clone)/.test(call) && !isReading(call));
  const written = changing.flatMap((call) =>
    [...call.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, name = '']) => path.resolve(directory, name)),
  );
  return { exitCode: status, stderr, started, written: [...new Set(written)] };
}

const cacheOf = (directory: string) => path.join(path.dirname(directory), 'cache');

const isProcess = (call: string) => call.startsWith('clone') && !call.includes('CLONE_THREAD');
const isReading = (call: string) => call.startsWith('open') && !/O_WRONLY|O_RDWR|O_CREAT|O_TRUNC/.test(call);

function archiveOf(...entries: EntryBytes[]): Buffer {
  const oci = new OciBytes();
  return oci.add(oci.layered([layerBytes(entries)])).tar();
}

const hostile: EntryBytes[] = [
  { name: '../../precious', data: 'x' },
  { name: '/etc/hpc-gat-was-here', data: 'x' },
  { name: 'out', type: '2', link: '../../..' },
  { name: 'out/hpc-gat-was-here', data: 'x' },
  { name: 'cwd', type: '2', link: '/proc/self/cwd' },
  { name: 'cwd/was-here', data: 'x' },
  { name: 'null', type: '3', major: 1, minor: 3 },
];

(canTrace || isRequired ? describe : describe.skip)('seen from outside, a conversion', () => {
  test.each([
    [
      'of a sound image',
      archiveOf({ name: 'a', data: 'a'.repeat(300_000) }, { name: 'b', type: '2', link: 'a' }),
      0,
    ],
    ['of hostile names', archiveOf(...hostile), 0],
    ['of hostile names that fails', archiveOf(...hostile, { name: 'x', type: 'Z' }), 1],
  ])(
    '%s starts no process and writes only to its temporary directory and its cache',
    async (_what, archive, exitCode) => {
      expect(execFileSync('strace', ['--version'], { encoding: 'utf8' })).toContain('strace');
      const directory = path.join(temporaryDirectory(), 'project');
      await mkdir(directory);
      const seen = await seenOf(directory, archive);
      expect({ exitCode: seen.exitCode, started: seen.started }).toEqual({ exitCode, started: [] });
      const own = new RegExp(`^${directory}/(\\.x\\.sif\\.(lock|${hostname()}-\\d+-\\d+\\.work)|x\\.sif)`);
      const cached = new RegExp(
        `^${cacheOf(directory)}(/hpc-gat(/node|/layers(/[0-9a-f]{64}\\.[\\w.-]+|/part\\.[\\w.-]+)?)?)?$`,
      );
      const isOwn = (name: string) => own.test(name) || cached.test(name);
      expect(seen.written.filter((name) => !isOwn(name) && name !== '/dev/null')).toEqual([]);
      expect(seen.written.filter((name) => name.endsWith('/image.sif'))).toHaveLength(1);
      expect((await readdir(directory)).sort()).toEqual([
        'image.tar',
        ...(exitCode === 0 ? ['x.sif', 'x.sif.json'] : []),
      ]);
    },
  );
});
