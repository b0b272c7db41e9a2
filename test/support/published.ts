import { execa } from 'execa';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packageRoot } from '../../src/support/package-root.ts';
import { testLab } from './test-lab.ts';

/** What the test's own Node starts; `npm` beside it is the host's. */
const withNode = {
  cwd: packageRoot,
  env: { PATH: `${path.dirname(process.execPath)}:${process.env.PATH ?? ''}` },
};

/** Makes dist/, what npm publishes. */
export async function buildPackage(): Promise<void> {
  await execa('npm', ['run', 'build'], withNode);
}

/** Makes the one self-contained file; where everybody in the lab sees it. */
export async function makeOneFile(): Promise<string> {
  await execa('npm', ['run', 'dist'], withNode);
  return '/opt/hpc-gat/build/hpc-gat-linux-x64';
}

/** Packs the package and installs it below a directory of the lab, from nothing but that one file. */
export async function installPackage(prefix: string): Promise<void> {
  const { directory } = await testLab();
  const packed = await mkdtemp(path.join(tmpdir(), 'hpc-gat-pack-'));
  try {
    await execa('npm', ['pack', '--pack-destination', packed], withNode);
    const [archive = ''] = await readdir(packed);
    await execa(
      'npm',
      [
        'install',
        '--global',
        '--offline',
        '--prefix',
        path.join(directory, prefix),
        path.join(packed, archive),
      ],
      withNode,
    );
  } finally {
    await rm(packed, { recursive: true });
  }
}
