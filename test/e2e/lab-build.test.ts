import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packageRoot } from '../../src/support/package/package-root.ts';
import { describeInLab } from '../support/lab.ts';

/** Mirror that accepts connections and never answers, which stops a build half-way. */
const silent = createServer(() => undefined);
let cache: string;

function up() {
  const { port } = silent.address() as AddressInfo;
  return execa(process.execPath, [path.join(packageRoot, 'bin/hpc-gat.js'), 'lab', 'up', '--name=never'], {
    env: { XDG_CACHE_HOME: cache, HPC_GAT_LAB_MIRROR: `http://127.0.0.1:${port}/debian` },
    reject: false,
  });
}

async function middleOfBuild(build: ReturnType<typeof up>): Promise<void> {
  await new Promise<void>((resolve) => {
    build.stderr.on('data', (chunk: Buffer) => {
      if (chunk.includes('running apt-get update')) {
        resolve();
      }
    });
  });
}

async function processesOfBuild(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const commands = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return commands.filter((command) => command.includes(cache));
}

describeInLab('the build of the root file system', () => {
  beforeAll(async () => {
    cache = await mkdtemp(path.join(tmpdir(), 'hpc-gat-build-'));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  });

  afterAll(async () => {
    silent.closeAllConnections();
    silent.close();
    await rm(cache, { recursive: true, force: true });
  });

  test('Ctrl-C leaves no partial file, process or mount; SIGKILL leaves only a temporary name', async () => {
    const directory = path.join(cache, 'hpc-gat', 'lab');
    const interrupted = up();
    await middleOfBuild(interrupted);
    expect((await processesOfBuild()).length).toBeGreaterThan(0);
    interrupted.kill('SIGINT');
    expect((await interrupted).exitCode).toBe(130);
    expect(await processesOfBuild()).toEqual([]);
    expect((await readdir(directory)).filter((name) => name.startsWith('rootfs'))).toEqual([]);

    const killed = up();
    await middleOfBuild(killed);
    killed.kill('SIGKILL');
    await killed;
    expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(cache);
    const left = (await readdir(directory)).filter((name) => name.startsWith('rootfs-'));
    expect(left).toEqual([expect.stringMatching(/\.part$/)]);

    const next = up();
    await middleOfBuild(next);
    next.kill('SIGINT');
    await next;
    expect(await processesOfBuild()).toEqual([]);
    expect((await readdir(directory)).filter((name) => name.startsWith('rootfs'))).toEqual([]);
  }, 60_000);
});
