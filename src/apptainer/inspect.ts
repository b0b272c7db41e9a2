import * as z from 'zod';
import { expectSuccess } from '../support/processes/command.ts';
import type { Context } from '../support/context.ts';
import { CommandFailedError } from '../support/errors.ts';
import { getRuntimeEnvironment, type ContainerRuntime } from './container-runtime.ts';

const inspectTimeoutMs = 60_000;

const inspectSchema = z.object({
  data: z.object({
    attributes: z.looseObject({ labels: z.record(z.string(), z.string()).optional() }),
  }),
});

/**
 * Runs `apptainer inspect` to check that the runtime can read a SIF. Returns the image's labels.
 *
 * @throws {CommandFailedError} if it cannot.
 */
export async function inspectSif(
  { env, run, signal }: Pick<Context, 'env' | 'run' | 'signal'>,
  runtime: ContainerRuntime,
  file: string,
): Promise<Readonly<Record<string, string>>> {
  const options = { env: getRuntimeEnvironment(env), timeoutMs: inspectTimeoutMs, signal };
  const result = await run(runtime.path, ['inspect', '--json', file], options);
  const output = expectSuccess(result, `${runtime.name} inspect ${file}`).stdout;
  try {
    return inspectSchema.parse(JSON.parse(output)).data.attributes.labels ?? {};
  } catch (error) {
    throw new CommandFailedError(`${runtime.name} inspect ${file} printed an unknown format`, {
      cause: error,
    });
  }
}
