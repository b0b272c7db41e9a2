import { execa } from 'execa';
import path from 'node:path';
import { packageRoot } from '../../src/support/package/package-root.ts';

/** Runs the two sample tests of test/fixtures/e2e-gate in a separate jest, and returns its exit code and output. */
export async function runGateFixture(
  env: Readonly<Record<string, string>>,
): Promise<{ exitCode: number | undefined; output: string; lastLine: string }> {
  const config = path.join(packageRoot, 'test', 'fixtures', 'e2e-gate', 'jest.config.js');
  const jest = path.join(packageRoot, 'node_modules', 'jest', 'bin', 'jest.js');
  const options = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const { exitCode, all } = await execa(
    process.execPath,
    [...options, jest, '--config', config, '--runInBand', '--verbose'],
    { env: { HOME: process.env.HOME, ...env }, extendEnv: false, reject: false, all: true, timeout: 110_000 },
  );
  return { exitCode, output: all, lastLine: all.trim().split('\n').at(-1) ?? '' };
}
