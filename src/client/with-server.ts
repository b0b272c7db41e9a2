import path from 'node:path';
import type { Context } from '../support/context.ts';
import { readClientCredentials } from '../triton/client-credentials.ts';
import { connect } from '../triton/grpc-client.ts';
import type { InferenceServer } from '../triton/inference-server.ts';

export interface ServerConnection {
  /** HOST:PORT of Triton's gRPC interface. */
  readonly url: string;
  /** Directory of the client's credentials, relative to the working directory, for a server with mutual TLS. */
  readonly credentials?: string | undefined;
  /** Time until the models have to be ready, which no single call may exceed. */
  readonly readyTimeoutMs: number;
  /** Time limit of one inference. */
  readonly inferTimeoutMs?: number;
  /** Path of the server's log, for messages. */
  readonly serverLog?: string | undefined;
}

/** Upper limit of the time for connecting, and for every call except an inference. */
const maxCallTimeoutMs = 10_000;

/**
 * Opens a connection to a server with the user's credentials and deadlines, passes it to `use`, and closes it.
 *
 * @throws {UsageError} for unusable credentials or an invalid address.
 */
export async function withServer<Result>(
  { url, credentials: directory, readyTimeoutMs, inferTimeoutMs, serverLog }: ServerConnection,
  { cwd, clock, signal }: Pick<Context, 'cwd' | 'clock' | 'signal'>,
  use: (server: InferenceServer) => Promise<Result>,
): Promise<Result> {
  const credentials =
    directory === undefined
      ? undefined
      : await readClientCredentials(path.resolve(cwd, directory), clock.now());
  const server = connect({
    url,
    signal,
    callTimeoutMs: Math.min(maxCallTimeoutMs, readyTimeoutMs),
    ...(inferTimeoutMs !== undefined && { inferTimeoutMs }),
    log: serverLog,
    credentials,
  });
  try {
    return await use(server);
  } finally {
    server.close();
  }
}
