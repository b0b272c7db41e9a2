import { execa } from 'execa';
import { packageRoot } from '../../src/support/package-root.ts';

/** Makes dist/, what npm publishes. */
export async function buildPackage(): Promise<void> {
  await execa(process.execPath, ['scripts/build.ts'], { cwd: packageRoot });
}
