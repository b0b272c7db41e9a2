import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeInLab, labExec } from '../support/lab.ts';
import { comparable } from '../support/listings.ts';

const directory = '/scratch/mksquashfs';
const longMs = 120_000;

/** Runs a line of bash as root on the workstation in the directory, with any exit code. */
const asRoot = (line: string) =>
  labExec('workstation', ['bash', '-ec', line], { user: 'root', cwd: directory, timeoutMs: longMs });

/** Does the same, and fails the test on a non-zero exit code. */
async function stdoutOf(line: string): Promise<string> {
  const { exitCode, stdout, stderr } = await asRoot(line);
  expect({ line, exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ line, exitCode: 0, stderr: '' });
  return stdout;
}

interface Report {
  readonly fileSystems: readonly { readonly names: number; readonly xattrSets: number }[];
}

const names = 3000;
/** These are in addition to the long directory. */
const others = 14;

describeInLab('what mksquashfs writes', () => {
  beforeAll(async () => {
    const fresh = `rm -rf ${directory}; mkdir -p ${directory}`;
    await labExec('workstation', ['sh', '-c', fresh], { user: 'root', cwd: '/' });
    await stdoutOf(`
      mkdir -p in/long in/empty; cd in
      echo hello >hello; ln -s hello link; ln hello hard; mkfifo pipe
      mknod null c 1 3; mknod disk b 259 70000
      head -c 300000 /dev/urandom >random; cp random same; seq 1 50000 >text; : >nothing
      truncate -s 5M hole; echo end >>hole; truncate -s 2M only-hole
      chown 4242:200000 text; chmod 6755 text; chmod 0 random
      python3 -c 'import os
for name in ["text", "random", "same"]: os.setxattr(name, "user.long", b"x" * 3000)
os.setxattr("random", "user.other", b"1")
os.setxattr("link", "trusted.z", b"z", follow_symlinks=False)'
      cd long; seq -f 'a-name-that-is-not-short-%.0f' 1 ${names} | xargs touch`);
  }, longMs);
  afterAll(async () => {
    await labExec('workstation', ['rm', '-rf', directory], { user: 'root', cwd: '/' });
  });

  test.each([
    ['-comp gzip'],
    ['-comp gzip -Xcompression-level 1 -Xwindow-size 9 -Xstrategy default,filtered'],
    ['-comp zstd -Xcompression-level 19 -b 1M'],
    ['-no-fragments -b 4096'],
    ['-noI -noD -noF -noX -noId'],
    ['-noF -always-use-fragments -no-exports'],
    ['-no-sparse -no-duplicates -tailends'],
  ])('with %s is valid for sif check, which lists it as unsquashfs does', async (options) => {
    await stdoutOf(`mksquashfs in x.sqfs -quiet -no-progress -noappend ${options}`);
    const { fileSystems } = JSON.parse(await stdoutOf('hpc-gat sif check x.sqfs --json')) as Report;
    expect(fileSystems).toMatchObject([{ names: names + others, xattrSets: 3 }]);
    const ours = await stdoutOf('hpc-gat sif list --tree --long x.sqfs');
    expect(comparable(ours)).toEqual(comparable(await stdoutOf("unsquashfs -lln -dest '' x.sqfs")));
  });

  test.each(['xz', 'lz4'])('with -comp %s is rejected by name', async (codec) => {
    await stdoutOf(`mksquashfs in x.sqfs -quiet -no-progress -noappend -comp ${codec}`);
    const { exitCode, stderr } = await asRoot('hpc-gat sif check x.sqfs');
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining(codec) });
    expect(stderr).toMatch(/\n {2}fix: /);
  });

  test.each<[string, string, RegExp]>([
    ['cut off', 'truncate -s -50000 x.sqfs', /has a file system of \d+ bytes in a place of \d+\n/],
    [
      'changed in a table',
      'change $((size - 9000))',
      /metadata block \d+ of the \w+ table, at \d+, cannot be/,
    ],
    [
      'changed in a file',
      'change 1000',
      /the block at \d+ of inode \d+ cannot be decompressed: [^;]+; it is part of "\/text"\n/,
    ],
  ])('is rejected with the position when it is then %s', async (_how, damage, message) => {
    // zlib has a checksum; a changed byte that zstd decompresses without an error is undetectable.
    await stdoutOf(`
      mksquashfs in/long in/text x.sqfs -quiet -no-progress -noappend -comp gzip
      size=$(stat -c %s x.sqfs)
      change() { printf XXXX | dd of=x.sqfs bs=1 seek=$1 conv=notrunc status=none; }
      ${damage}`);
    const { exitCode, stderr } = await asRoot('hpc-gat sif check x.sqfs');
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringMatching(message) });
    expect(stderr).toMatch(/\n {2}fix: /);
  });
});
