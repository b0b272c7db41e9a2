import { describe, expect, test } from '@jest/globals';
import { findContainerRuntime, getRuntimeEnvironment } from '../../src/apptainer/container-runtime.ts';
import { CommandFailedError, MissingToolError } from '../../src/support/errors.ts';
import { testContext } from '../support/context.ts';
import { fakeProgram } from '../support/fake-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

describe('the container runtime', () => {
  test.each([
    ['apptainer', 'apptainer version 1.4.5', 'apptainer', '1.4.5'],
    ['singularity', 'singularity-ce version 4.1.0', 'singularity', '4.1.0'],
    ['singularity', 'singularity version 3.8.7-1.el8', 'singularity', '3.8.7-1.el8'],
    ['singularity', 'apptainer version 1.3.0', 'apptainer', '1.3.0'],
    ['singularity', '2.6.1-dist', 'singularity', '2.6.1-dist'],
  ])('is recognized as %s by its version "%s"', async (program, output, name, version) => {
    const directory = temporaryDirectory();
    const path = fakeProgram(directory, program, `echo '${output}'`);
    const context = testContext({ env: { PATH: `relative::${directory}` } });
    await expect(findContainerRuntime(context)).resolves.toEqual({ name, path, version });
  });

  test('is apptainer where both are installed', async () => {
    const directory = temporaryDirectory();
    fakeProgram(directory, 'singularity', 'echo singularity version 3.8');
    fakeProgram(directory, 'apptainer', 'echo apptainer version 1.4.5');
    const context = testContext({ env: { PATH: directory } });
    await expect(findContainerRuntime(context)).resolves.toMatchObject({ name: 'apptainer' });
  });

  test('is reported as missing, with a fix', async () => {
    const finding = findContainerRuntime(testContext({ env: { PATH: temporaryDirectory() } }));
    await expect(finding).rejects.toThrow(MissingToolError);
    await expect(finding).rejects.toMatchObject({ fix: /module avail/ });
  });

  test('is reported as broken, with the reason', async () => {
    const directory = temporaryDirectory();
    fakeProgram(directory, 'apptainer', 'echo libfoo is missing >&2; exit 127');
    const finding = findContainerRuntime(testContext({ env: { PATH: directory } }));
    await expect(finding).rejects.toThrow(CommandFailedError);
    await expect(finding).rejects.toThrow('libfoo is missing');
  });
});

test('the runtime receives no variables that act like its flags', () => {
  const env = {
    PATH: '/bin',
    HOME: '/home/me',
    LD_PRELOAD: 'x.so',
    APPTAINER_BIND: '/secret',
    SINGULARITY_SANDBOX: '1',
    APPTAINERENV_A: '1',
    APPTAINER_DOCKER_HOST: 'tcp://h:1',
    APPTAINER_CONFIGDIR: '/cfg',
    SOURCE_DATE_EPOCH: '0',
  };
  expect(getRuntimeEnvironment(env, { APPTAINER_TMPDIR: '/t' })).toEqual({
    PATH: '/bin',
    HOME: '/home/me',
    APPTAINER_CONFIGDIR: '/cfg',
    SOURCE_DATE_EPOCH: '0',
    APPTAINER_TMPDIR: '/t',
  });
});
