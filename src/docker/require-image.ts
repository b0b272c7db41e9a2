import type { Context } from '../support/context.ts';
import { MissingToolError } from '../support/errors.ts';
import { findProgram } from '../support/processes/find-program.ts';
import { parseDockerUrl } from './endpoint.ts';
import { inspectImage } from './images.ts';

/**
 * Checks that containers of an image can be started: the docker command exists, the daemon responds to this user, and
 * it has the image.
 *
 * @param url address of the daemon, as in DOCKER_HOST
 * @throws {MissingToolError} without the command or the daemon.
 * @throws {UsageError} if the daemon has no such image, with the closest name.
 */
export async function requireImage(
  url: string,
  name: string,
  { env, signal }: Pick<Context, 'env' | 'signal'>,
): Promise<void> {
  if (findProgram('docker', env) === undefined) {
    throw new MissingToolError('docker is not on the PATH', {
      fix: "install Docker's command-line client (https://docs.docker.com/engine/install/), or use --runtime apptainer",
    });
  }
  await inspectImage(parseDockerUrl(url), name, signal);
}
