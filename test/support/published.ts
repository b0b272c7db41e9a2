import { execa } from 'execa';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packageRoot } from '../../src/support/package/package-root.ts';
import { testLab } from './test-lab.ts';

/** Packaging scripts run with the test's Node; `npm` beside it belongs to the host. */
const withNode = {
  cwd: packageRoot,
  env: { PATH: `${path.dirname(process.execPath)}:${process.env.PATH ?? ''}` },
};

/** Builds dist/, which npm publishes. */
export async function buildPackage(): Promise<void> {
  await execa('npm', ['run', 'build'], withNode);
}

/** Builds the self-contained file in a directory that all users of the lab can read. */
export async function buildOneFile(): Promise<string> {
  await execa('npm', ['run', 'dist'], withNode);
  return '/opt/hpc-gat/build/hpc-gat-linux-x64';
}

/** Packs the package and installs it below a directory of the lab, from that file alone. */
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
