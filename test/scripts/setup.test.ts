import { expect, test } from '@jest/globals';
import { execa } from 'execa';
import { packageRoot } from '../../src/support/package/package-root.ts';
import { fakePrograms } from '../support/fake-program.ts';

/** Sources scripts/setup.sh on a host without any Debian package, where apt-get prints its arguments. */
function setUp(env: Record<string, string>, fakes: Record<string, string> = {}) {
  const PATH = fakePrograms({
    'dpkg-query': 'exit 1',
    'apt-get': 'echo "apt-get $*" >&2',
    npm: 'exit 9',
    ...fakes,
  });
  return execa('sh', ['-euc', '. scripts/setup.sh'], {
    cwd: packageRoot,
    env: { PATH, ...env },
    extendEnv: false,
    reject: false,
  });
}

test('HPC_GAT_NO_INSTALL=1 prints the missing packages and installs none', async () => {
  const { exitCode, stderr } = await setUp({ HPC_GAT_NO_INSTALL: '1' });
  expect(exitCode).toBe(0);
  expect(stderr).toMatch(/not installed, as HPC_GAT_NO_INSTALL=1 asks: mmdebstrap shellcheck/);
  expect(stderr).not.toContain('apt-get');
});

test('root installs the packages after an announcement', async () => {
  const { stderr } = await setUp({}, { id: 'echo 0' });
  const [announced, ...rest] = stderr.split('\n');
  expect(announced).toMatch(
    /^hpc-gat: installing Debian packages \(HPC_GAT_NO_INSTALL=1 opts out\): mmdebstrap/,
  );
  expect(rest.join('\n')).toMatch(/apt-get install .*mmdebstrap/);
});

test('an ordinary user without sudo sees the command to run', async () => {
  const { exitCode, stderr } = await setUp({}, { id: 'echo 1000', sudo: 'exit 1' });
  expect(exitCode).toBe(0);
  expect(stderr).toMatch(/fix: sudo apt-get install mmdebstrap/);
  expect(stderr).not.toMatch(/^apt-get/m);
});
