import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expectSuccess } from '../support/processes/command.ts';
import type { Context } from '../support/context.ts';
import { CommandFailedError, MissingToolError } from '../support/errors.ts';
import { signalGroup } from '../support/processes/process-group.ts';
import { getProxies } from '../support/network/proxies.ts';
import { getRuntimeEnvironment, type ContainerRuntime } from './container-runtime.ts';

/** Time for the runtime to remove its unpacked files. */
const graceMs = 5000;

export interface BuildOptions {
  /** Source in the runtime's form: `docker-daemon:NAME`, `docker-archive:FILE`, a definition file. */
  readonly source: string;
  /** Absolute path that does not exist yet. */
  readonly output: string;
  /** Options of mksquashfs(1), which the runtime splits at spaces. */
  readonly mksquashfsArgs: string;
  /** Absolute path of a directory with about twice the image's size of free space. */
  readonly tempDir: string;
  /** Directory against which relative paths in `source` are resolved. */
  readonly workingDirectory: string;
  /** Go's name of the architecture, if it is not this host's. */
  readonly architecture: string | undefined;
  /** Values for the variables of a definition file. */
  readonly buildArguments: Readonly<Record<string, string>>;
  /** True if registries are accessed over http. */
  readonly plainHttp: boolean;
  /** True if the runtime receives the user's registry logins. */
  readonly withLogins: boolean;
  /** Address of the daemon for `docker-daemon:` sources. */
  readonly dockerHost: string | undefined;
  /** Receives each line of the runtime's output, without color codes. */
  readonly onLine: (line: string) => void;
  /** Receives the process id of the runtime. */
  readonly onStart: (pid: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Runs `apptainer build` for one image, without its cache, which would double the required space.
 *
 * @throws {CommandFailedError} with its last lines.
 * @throws {MissingToolError} if the runtime is too old to accept options for mksquashfs.
 */
export async function runApptainerBuild(
  { env, run }: Pick<Context, 'env' | 'run'>,
  runtime: ContainerRuntime,
  options: BuildOptions,
): Promise<void> {
  const {
    source,
    output,
    mksquashfsArgs,
    tempDir,
    workingDirectory,
    architecture,
    buildArguments,
    plainHttp,
    withLogins,
    dockerHost,
    onLine,
    onStart,
    signal,
  } = options;
  const prefix = runtime.name.toUpperCase();
  const group = groupEndingWith(signal);
  const result = await run(
    runtime.path,
    [
      ...['--nocolor', 'build', '--disable-cache', '--mksquashfs-args', mksquashfsArgs],
      ...(architecture === undefined ? [] : ['--arch', architecture]),
      ...(plainHttp ? ['--no-https'] : []),
      ...Object.entries(buildArguments).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
      output,
      source,
    ],
    {
      cwd: workingDirectory,
      env: getRuntimeEnvironment(env, {
        [`${prefix}_TMPDIR`]: tempDir,
        // The runtime creates its cache directory even with --disable-cache.
        [`${prefix}_CACHEDIR`]: tempDir,
        ...(dockerHost !== undefined && { DOCKER_HOST: dockerHost }),
        ...(withLogins ? authFile(prefix, env) : await hideLogins(prefix, tempDir)),
        ...forCommands(prefix, getProxies(env)),
      }),
      ownSession: true,
      onStart: (pid) => {
        group.lead(pid);
        onStart(pid);
      },
      onStderrLine: onLine,
      signal,
    },
  ).finally(group.end);
  if (result.exitCode === 0) {
    return;
  }
  if (result.stderr.includes('unknown flag: --mksquashfs-args')) {
    throw new MissingToolError(
      `${runtime.name} ${runtime.version} is too old: it does not support --mksquashfs-args`,
      { fix: 'load a newer one (`module avail apptainer`), or convert on another machine and copy the SIF' },
    );
  }
  const fatal = result.stderr
    .split('\n')
    .filter((line) => line.startsWith('FATAL'))
    .map((line) => line.replace(/^FATAL:\s*(While performing build: )?/, ''));
  if (fatal.length > 0) {
    const inSection = fatal.some((line) => /while running %\w+ section/.test(line));
    const fix = fixOf(fatal.join('\n'));
    const output = inSection ? `\n${lastOfSection(result.stderr)}` : '';
    throw new CommandFailedError(`${runtime.name} build failed: ${fatal.join('; ')}${output}`, {
      ...(fix !== undefined && { fix }),
      cause: result,
    });
  }
  expectSuccess(result, `${runtime.name} build`);
}

/**
 * Returns the variable for Docker's logins. The runtime reads the same file as Docker, but does not use
 * DOCKER_CONFIG.
 */
function authFile(prefix: string, env: Context['env']): Record<string, string> {
  const { DOCKER_CONFIG: directory = '' } = env;
  const name = `${prefix}_AUTH_FILE`;
  const file = path.join(directory, 'config.json');
  return directory === '' || env[name] !== undefined || !existsSync(file) ? {} : { [name]: file };
}

/** Returns variables that hide every registry login, in the environment and in files, from the runtime. */
async function hideLogins(prefix: string, directory: string): Promise<Record<string, string>> {
  const file = path.join(directory, 'no-logins.json');
  await writeFile(file, '{"auths":{}}');
  return { [`${prefix}_AUTH_FILE`]: file, ...Object.fromEntries(loginVariables.map((name) => [name, ''])) };
}

const loginVariables = ['APPTAINER', 'SINGULARITY'].flatMap((prefix) => [
  `${prefix}_DOCKER_USERNAME`,
  `${prefix}_DOCKER_PASSWORD`,
]);

/** Returns the variables that the commands of a definition file's sections receive; the SIF stores none of them. */
function forCommands(prefix: string, variables: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [`${prefix}ENV_${name}`, value]),
  );
}

const sectionLines = 5;

/** Returns the last output of the commands of a definition file's section. */
function lastOfSection(stderr: string): string {
  return stderr
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^(INFO|FATAL):/.test(line))
    .slice(-sectionLines)
    .map((line) => `  ${line}`)
    .join('\n');
}

/** Returns the fix for failures that prevent an ordinary user from building. */
function fixOf(failure: string): string | undefined {
  if (/user namespace/i.test(failure)) {
    return 'this host does not permit user namespaces: ask its administrators (user.max_user_namespaces, AppArmor), or build on a host that permits them and copy the SIF';
  }
  if (/subuid|subgid|fakeroot|newuidmap/i.test(failure)) {
    return 'ask the administrators for a range in /etc/subuid and /etc/subgid, and for the program fakeroot; or build on your own machine and copy the SIF';
  }
  if (/must be the root user|--remote/i.test(failure)) {
    return 'this runtime builds definition files only for root: load a newer Apptainer (`module avail apptainer`), or build elsewhere and copy the SIF';
  }
  if (/UNAUTHORIZED|authentication required/i.test(failure)) {
    return 'log in for the base image of the definition file: `apptainer registry login docker://HOST`, or set APPTAINER_DOCKER_USERNAME and APPTAINER_DOCKER_PASSWORD';
  }
  return undefined;
}

/** Ends the process group of the runtime on abort, because the runtime does not end its mksquashfs. */
function groupEndingWith(signal: AbortSignal): { lead: (pid: number) => void; end: () => void } {
  let leader: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const send = (name: 'SIGTERM' | 'SIGKILL') => {
    if (leader !== undefined) {
      signalGroup(leader, name);
    }
  };
  const onAbort = () => {
    send('SIGTERM');
    timer = setTimeout(send, graceMs, 'SIGKILL');
  };
  signal.addEventListener('abort', onAbort, { once: true });
  return {
    lead: (pid) => {
      leader = pid;
    },
    end: () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      send('SIGKILL');
    },
  };
}
