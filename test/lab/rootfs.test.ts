import { expect, test } from '@jest/globals';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { loadCluster } from '../../src/lab/facts.ts';
import { provideRootFilesystem } from '../../src/lab/rootfs.ts';
import { CommandFailedError, MissingToolError } from '../../src/support/errors.ts';
import { testContext, type TestContext } from '../support/context.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/**
 * Creates fake programs in place of those that need root; `mmdebstrap` is a script of sh with the new root as $root.
 */
async function withFakes(mmdebstrap: string): Promise<{ context: TestContext; cache: string }> {
  const directory = temporaryDirectory();
  const programs = {
    setpriv: 'while [ "$1" != mmdebstrap ]; do shift; done; exec "$@"',
    mmdebstrap: `for root; do case $root in */root) break;; esac; done; ${mmdebstrap}`,
    chroot: 'echo "apptainer 1.4.5-2"; echo "slurm-wlm 26.05"',
    'apt-get': 'exit 0',
  };
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(path.join(directory, name), `#!/bin/sh\n${script}\n`);
    await chmod(path.join(directory, name), 0o755);
  }
  const env = {
    PATH: `${directory}:/usr/bin:/bin`,
    XDG_CACHE_HOME: path.join(directory, 'cache'),
    HPC_GAT_LAB_MIRROR: 'http://here/debian',
  };
  return { context: testContext({ env }), cache: path.join(directory, 'cache', 'hpc-gat', 'lab') };
}

const works = 'mkdir -p "$root/etc"; echo "I: extracting archives..." >&2; echo "noise" >&2';

test('a root file system is built once, with its versions beside it and progress in stages', async () => {
  const { context, cache } = await withFakes(works);
  const cluster = await loadCluster();
  const built = await provideRootFilesystem(context, cluster);
  expect(await readdir(built.directory)).toEqual(['root', 'versions.json']);
  expect(context.messages.join('\n')).toMatch(
    /from sid of http:\/\/here\/debian[^]*\d+ s\] extracting archives/,
  );
  expect(context.messages.join('\n')).not.toContain('noise');
  const before = context.messages.length;
  expect(await provideRootFilesystem(context, cluster)).toEqual(built);
  expect(context.messages.length).toBe(before);
  expect(await readdir(cache)).toEqual([path.basename(built.directory)]);
});

test('a different list of users gives another root file system', async () => {
  const { context } = await withFakes(works);
  const cluster = await loadCluster();
  const first = await provideRootFilesystem(context, cluster);
  const users = { ...cluster.users, carol: { uid: 1003, accounts: ['physics'] } };
  expect((await provideRootFilesystem(context, { ...cluster, users })).directory).not.toBe(first.directory);
});

test('a failed build reports its reason and leaves nothing behind', async () => {
  const { context, cache } = await withFakes(`${works}; echo "E: no such suite" >&2; exit 25`);
  const build = provideRootFilesystem(context, await loadCluster());
  await expect(build).rejects.toThrow(CommandFailedError);
  await expect(build).rejects.toThrow(/exit code 25.*no such suite/s);
  expect(await readdir(cache)).toEqual([]);
});

test('a failed build falls back on an older root file system, with a warning', async () => {
  const { context, cache } = await withFakes('exit 25');
  const older = path.join(cache, 'rootfs-0123456789ab');
  await mkdir(path.join(older, 'root'), { recursive: true });
  expect((await provideRootFilesystem(context, await loadCluster())).directory).toBe(older);
  expect(context.messages.at(-1)).toMatch(/^warning: no new root file system .* using the older/s);
});

test('files of a killed build are removed by the next one', async () => {
  const { context, cache } = await withFakes(works);
  await mkdir(path.join(cache, 'rootfs-0123456789ab.part', 'root'), { recursive: true });
  const { directory } = await provideRootFilesystem(context, await loadCluster());
  expect(await readdir(cache)).toEqual([path.basename(directory)]);
});

test('without mmdebstrap, the fix names its package', async () => {
  const { context } = await withFakes(works);
  const env = { ...context.env, PATH: path.dirname(process.execPath) };
  const build = provideRootFilesystem({ ...context, env }, await loadCluster());
  await expect(build).rejects.toThrow(MissingToolError);
  await expect(build).rejects.toMatchObject({ fix: expect.stringContaining('apt-get install mmdebstrap') });
});
