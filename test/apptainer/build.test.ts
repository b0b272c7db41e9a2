import { describe, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { runApptainerBuild, type BuildOptions } from '../../src/apptainer/apptainer-build.ts';
import { inspectSif } from '../../src/apptainer/inspect.ts';
import { CommandFailedError, InterruptedError, MissingToolError } from '../../src/support/errors.ts';
import { findIdentity, isRunning } from '../../src/support/processes/process-identity.ts';
import { testContext } from '../support/context.ts';
import { fakeProgram } from '../support/fake-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

interface Build {
  directory: string;
  lines: string[];
  building: Promise<void>;
}

function build(
  script: string,
  signal = new AbortController().signal,
  options: Partial<BuildOptions> = {},
): Build {
  const directory = temporaryDirectory();
  const file = fakeProgram(directory, 'apptainer', script);
  const lines: string[] = [];
  const building = runApptainerBuild(
    testContext({
      env: {
        PATH: '/usr/bin:/bin',
        APPTAINER_BIND: '/x',
        DOCKER_HOST: 'unix:///old',
        https_proxy: 'http://proxy:1',
        APPTAINER_DOCKER_USERNAME: 'alice',
        APPTAINER_DOCKER_PASSWORD: 'hidden',
        APPTAINER_AUTH_FILE: '/home/alice/auth.json',
      },
    }),
    { name: 'apptainer', path: file, version: '1.4.5' },
    {
      source: 'docker-daemon:lab/x:1',
      output: path.join(directory, 'out.sif'),
      mksquashfsArgs: '-comp zstd -Xcompression-level 3',
      tempDir: directory,
      workingDirectory: directory,
      architecture: 'arm64',
      buildArguments: {},
      plainHttp: false,
      withLogins: true,
      dockerHost: 'unix:///new',
      onLine: (line) => lines.push(line),
      onStart: () => undefined,
      signal,
      ...options,
    },
  );
  return { directory, lines, building };
}

describe('apptainer build', () => {
  test('gets separate arguments, a clean environment and its own temporary directory', async () => {
    const { directory, building } = build('printf "%s\\n" "$@" > args; env > environment; pwd > cwd');
    await building;
    expect((await readFile(path.join(directory, 'args'), 'utf8')).split('\n').slice(0, -1)).toEqual([
      '--nocolor',
      'build',
      '--disable-cache',
      '--mksquashfs-args',
      '-comp zstd -Xcompression-level 3',
      '--arch',
      'arm64',
      path.join(directory, 'out.sif'),
      'docker-daemon:lab/x:1',
    ]);
    const environment = await readFile(path.join(directory, 'environment'), 'utf8');
    expect(environment).toContain(`APPTAINER_TMPDIR=${directory}\n`);
    expect(environment).toContain('DOCKER_HOST=unix:///new\n');
    expect(environment).not.toContain('APPTAINER_BIND');
    expect(environment).toContain('APPTAINERENV_https_proxy=http://proxy:1\n');
    expect(await readFile(path.join(directory, 'cwd'), 'utf8')).toBe(`${directory}\n`);
  });

  test('gets the credentials of the user, or none', async () => {
    for (const withLogins of [true, false]) {
      const { directory, building } = build(
        'env > environment; cat "$APPTAINER_AUTH_FILE" > logins || :',
        undefined,
        {
          withLogins,
        },
      );
      await building;
      const environment = await readFile(path.join(directory, 'environment'), 'utf8');
      expect(environment.includes('APPTAINER_DOCKER_PASSWORD=hidden\n')).toBe(withLogins);
      expect(environment.includes('APPTAINER_AUTH_FILE=/home/alice/auth.json\n')).toBe(withLogins);
      expect(await readFile(path.join(directory, 'logins'), 'utf8')).toBe(withLogins ? '' : '{"auths":{}}');
    }
  });

  test('streams its output line by line', async () => {
    const { lines, building } = build('echo "INFO:    Starting build..." >&2; echo "INFO:    Done" >&2');
    await building;
    expect(lines).toEqual(['INFO:    Starting build...', 'INFO:    Done']);
  });

  test.each([
    [
      'echo "INFO: x" >&2; echo "FATAL:   While performing build: no luck" >&2; exit 255',
      'apptainer build failed: no luck',
    ],
    ['echo "something else" >&2; exit 1', 'something else'],
    ['kill -9 $$', 'signal SIGKILL'],
  ])('reports its failure by `%s`', async (script, message) => {
    const { building } = build(script);
    await expect(building).rejects.toThrow(CommandFailedError);
    await expect(building).rejects.toThrow(message);
  });

  test.each([
    [
      'Building from a definition file unprivileged requires either a suid installation or unprivileged user namespaces',
      /max_user_namespaces/,
    ],
    ['could not use fakeroot: no mapping entry found in /etc/subuid for alice', /\/etc\/subuid/],
    ['You must be the root user, however you can use --remote or --fakeroot', /newer Apptainer|subuid/],
  ])('names the fix for a missing privilege: %s', async (fatal, fix) => {
    const { building } = build(`echo "FATAL:   ${fatal}" >&2; exit 255`);
    await expect(building).rejects.toMatchObject({ fix: expect.stringMatching(fix) as unknown });
  });

  test('shows the output of the commands of a definition file', async () => {
    const failed = 'FATAL:   While performing build: while running %post section: exit status 1';
    const { building } = build(`printf '%s\\n' 'INFO:    x' '+ false' 'no luck' '${failed}' >&2; exit 255`);
    await expect(building).rejects.toThrow(/exit status 1\n {2}\+ false\n {2}no luck$/);
  });

  test('reports that it is too old for a requested codec', async () => {
    const { building } = build(
      'echo "Error for command \\"build\\": unknown flag: --mksquashfs-args" >&2; exit 1',
    );
    await expect(building).rejects.toThrow(MissingToolError);
  });

  test('ends at Ctrl-C together with the children that it leaves behind', async () => {
    const interruption = new AbortController();
    const { lines, building } = build('sleep 1000 & echo $! >&2; wait', interruption.signal);
    while (lines.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const child = findIdentity(Number(lines[0]));
    expect(child && isRunning(child)).toBe(true);
    interruption.abort(new InterruptedError('SIGINT'));
    await expect(building).rejects.toThrow(InterruptedError);
    expect(child && isRunning(child)).toBe(false);
  });
});

describe('apptainer inspect', () => {
  test.each([
    ['the labels', `echo '{"data":{"attributes":{"labels":{"a":"b"}}},"type":"container"}'`, { a: 'b' }],
    ['no labels', `echo '{"data":{"attributes":{}},"type":"container"}'`, {}],
  ])('returns %s', async (_what, script, labels) => {
    const file = fakeProgram(temporaryDirectory(), 'apptainer', script);
    const runtime = { name: 'apptainer', path: file, version: '1' } as const;
    await expect(inspectSif(testContext(), runtime, '/x.sif')).resolves.toEqual(labels);
  });

  test.each([
    ['fails', 'echo cannot open >&2; exit 255', /cannot open/],
    ['answers with something else', 'echo hello', /unknown form/],
  ])('reports an error when it %s', async (_what, script, message) => {
    const file = fakeProgram(temporaryDirectory(), 'apptainer', script);
    const runtime = { name: 'apptainer', path: file, version: '1' } as const;
    const inspecting = inspectSif(testContext(), runtime, '/x.sif');
    await expect(inspecting).rejects.toThrow(CommandFailedError);
    await expect(inspecting).rejects.toThrow(message);
  });
});
