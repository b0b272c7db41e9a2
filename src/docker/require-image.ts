import type { Context } from '../support/context.ts';
import { MissingToolError } from '../support/errors.ts';
import { findProgram } from '../support/processes/find-program.ts';
import { parseDockerUrl } from './endpoint.ts';
import { inspectImage } from './images.ts';

/**
 * Makes sure that containers of an image can be started: the docker command is there, the daemon answers this user and
 * has the image.
 *
 * @param url where the daemon listens, as DOCKER_HOST has it
 * @throws {MissingToolError} without the command or the daemon.
 * @throws {UsageError} when the daemon has no such image; names the one that was probably meant.
 */
export async function requireImage(
  url: string,
  name: string,
  { env, signal }: Pick<Context, 'env' | 'signal'>,
): Promise<void> {
  if (findProgram('docker', env) === undefined) {
    throw new MissingToolError('docker is not on the PATH', {
      fix: "install Docker's command line (https://docs.docker.com/engine/install/), or use --runtime apptainer",
    });
  }
  await inspectImage(parseDockerUrl(url), name, signal);
}
