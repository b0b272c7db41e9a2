import { findDockerEndpoint } from '../../docker/endpoint.ts';
import { getFromDocker } from '../../docker/docker-api.ts';
import { inspectImage } from '../../docker/images.ts';
import { formatEnd } from '../../support/processes/command.ts';
import type { Context } from '../../support/context.ts';
import { CommandFailedError, getErrorMessage, MissingToolError, UsageError } from '../../support/errors.ts';
import { findProgram } from '../../support/processes/find-program.ts';
import { getProxies } from '../../support/network/proxies.ts';
import type { BuildPlan } from './plan-build.ts';

/** Returns why Docker cannot be used here, or undefined if a daemon responds. */
export async function explainMissingDocker({
  env,
  signal,
}: Pick<Context, 'env' | 'signal'>): Promise<string | undefined> {
  try {
    await getFromDocker(await findDockerEndpoint(env), '/_ping', signal);
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    return getErrorMessage(error);
  }
}

/**
 * Returns the arguments of `docker build` for a plan.
 *
 * @param more additional arguments.
 * @throws {UsageError} for a base that Docker does not support.
 */
export function getDockerBuildArguments(
  { base, buildArguments, dockerTag, directory }: BuildPlan,
  more: readonly string[],
  env: Context['env'],
): string[] {
  if (base.dockerName === undefined) {
    throw new UsageError(`Docker does not support the base ${base.bootstrap}:${base.from}`, {
      fix: 'use an image of Docker or of a registry as the base, or build with Apptainer: --with apptainer',
    });
  }
  const values = Object.entries({ BASE: base.dockerName, ...buildArguments });
  return [
    ...['build', '--tag', dockerTag],
    ...values.flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
    // Only the names are passed: Docker reads the values from its environment, and does not store them in the image.
    ...Object.keys(getProxies(env)).flatMap((name) => ['--build-arg', name]),
    ...more,
    directory,
  ];
}

/** Image that Docker built. */
export interface BuiltImage {
  /** `sha256:...` */
  readonly id: string;
  readonly sizeBytes: number;
}

const shownLines = 15;

/** Fixes for a failed build, by its output. */
const fixes: readonly (readonly [reason: RegExp, fix: string])[] = [
  [
    /No module named pip/,
    'build on a base that has pip, or let build.server.requirements name a file without packages',
  ],
  [
    /No matching distribution|Could not find a version/,
    'correct the packages in build.server.requirements, or name another index: --package-index',
  ],
  [
    /pull access denied|failed to resolve source metadata|manifest unknown|unauthorized/,
    'correct the base, or log in where it comes from: docker login HOST',
  ],
];

/**
 * Runs `docker build`. On a terminal its last line is shown; if it fails, the error contains its last lines.
 *
 * @throws {MissingToolError} without the docker command.
 * @throws {CommandFailedError} with its last lines.
 */
export async function buildWithDocker(
  context: Pick<Context, 'env' | 'run' | 'output' | 'signal'>,
  plan: BuildPlan,
  more: readonly string[],
): Promise<BuiltImage> {
  const { env, run, output, signal } = context;
  const docker = findProgram('docker', env);
  if (docker === undefined) {
    throw new MissingToolError('a Docker daemon responds, but the docker command is missing', {
      fix: 'install it, or build with Apptainer: --with apptainer',
    });
  }
  const lines: string[] = [];
  const onLine = (line: string) => {
    lines.push(line);
    output.status(line);
  };
  const result = await run(docker, getDockerBuildArguments(plan, more, env), {
    env,
    signal,
    ownSession: true,
    onStdoutLine: onLine,
    onStderrLine: onLine,
  }).finally(() => {
    output.status('');
  });
  if (result.exitCode !== 0) {
    const end = lines.filter((line) => line.trim() !== '').slice(-shownLines);
    const fix = fixes.find(([reason]) => end.some((line) => reason.test(line)))?.[1];
    throw new CommandFailedError(`docker build failed (${formatEnd(result)}):\n  ${end.join('\n  ')}`, {
      ...(fix !== undefined && { fix }),
      cause: result,
    });
  }
  const { Id: id, Size: sizeBytes } = await inspectImage(
    await findDockerEndpoint(env),
    plan.dockerTag,
    signal,
  );
  return { id, sizeBytes };
}
