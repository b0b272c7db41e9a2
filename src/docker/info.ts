import * as z from 'zod';
import type { Context } from '../support/context.ts';
import { parseWith } from '../support/text/parse-with-schema.ts';
import { getFromDocker } from './docker-api.ts';
import { findDockerEndpoint } from './endpoint.ts';

/** Schema of the used part of `GET /info` (docs.docker.com/reference/api/engine). */
const infoSchema = z.looseObject({
  ServerVersion: z.string(),
  Runtimes: z.record(z.string(), z.unknown()).nullish(),
});

export interface DockerInfo {
  readonly version: string;
  /** Names of its container runtimes, sorted: `nvidia`, `runc`. */
  readonly runtimes: readonly string[];
}

/**
 * Queries version and runtimes of the daemon.
 *
 * @throws {MissingToolError} if there is none, {HpcGatError} if this user has no access to it.
 */
export async function queryDockerInfo({ env, signal }: Pick<Context, 'env' | 'signal'>): Promise<DockerInfo> {
  const endpoint = await findDockerEndpoint(env);
  const { body } = await getFromDocker(endpoint, '/info', signal);
  const { ServerVersion, Runtimes } = parseWith(infoSchema, body, {
    what: 'answer of Docker',
    file: `${endpoint.url} /info`,
  });
  return { version: ServerVersion, runtimes: Object.keys(Runtimes ?? {}).sort() };
}
