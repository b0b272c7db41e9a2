import type { CommandResult } from '../support/processes/command.ts';
import type { Context } from '../support/context.ts';
import { getRuntimeEnvironment, type ContainerRuntime } from './container-runtime.ts';

const timeoutMs = 60_000;

/** Runs a program of an image without the user's home directory, to test whether the image starts on this host. */
export function runInImage(
  { env, run, signal }: Pick<Context, 'env' | 'run' | 'signal'>,
  runtime: ContainerRuntime,
  image: string,
  program: string,
): Promise<CommandResult> {
  return run(runtime.path, ['--silent', 'exec', '--no-home', '--pwd', '/', image, program], {
    env: getRuntimeEnvironment(env),
    timeoutMs,
    signal,
  });
}
