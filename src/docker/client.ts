import { request } from 'node:http';
import type { Context } from '../support/context.ts';
import { codeOf, HpcGatError, messageOf, MissingToolError } from '../support/errors.ts';
import type { DockerEndpoint } from './endpoint.ts';

export interface DockerAnswer {
  readonly status: number;
  /** The parsed body, or its text where it is not JSON. */
  readonly body: unknown;
}

/** A daemon under load answers late; one that hangs never does. */
const answerTimeoutMs = 30_000;
/** A list of some ten thousand images stays below it. */
const maxBodyBytes = 64 * 1024 * 1024;

/**
 * One GET request to the daemon's HTTP API (docs.docker.com/reference/api/engine); needs no docker command.
 *
 * @throws {MissingToolError} when no daemon listens there, or this user may not ask it.
 * @throws {HpcGatError} when it does not answer.
 */
export async function getFromDocker(
  endpoint: DockerEndpoint,
  path: string,
  signal: Context['signal'],
): Promise<DockerAnswer> {
  signal.throwIfAborted();
  try {
    return await get(endpoint, path, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw explain(error, endpoint);
  }
}

function get(endpoint: DockerEndpoint, path: string, signal: AbortSignal): Promise<DockerAnswer> {
  const where =
    endpoint.kind === 'unix' ? { socketPath: endpoint.socket } : { host: endpoint.host, port: endpoint.port };
  return new Promise((resolve, reject) => {
    // Without an agent the connection closes with the answer and keeps no process alive.
    const asked = request(
      { ...where, path, agent: false, signal, headers: { host: 'docker' }, timeout: answerTimeoutMs },
      (answer) => {
        const chunks: Buffer[] = [];
        let sizeBytes = 0;
        answer.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          sizeBytes += chunk.length;
          if (sizeBytes > maxBodyBytes) {
            asked.destroy(new Error(`an answer of more than ${maxBodyBytes} bytes`));
          }
        });
        answer.on('error', reject);
        answer.on('end', () => {
          resolve({ status: answer.statusCode ?? 0, body: parse(Buffer.concat(chunks).toString('utf8')) });
        });
      },
    );
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${answerTimeoutMs / 1000} s`)));
    asked.on('error', reject);
    asked.end();
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function explain(error: unknown, { url }: DockerEndpoint): HpcGatError {
  const code = codeOf(error);
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return new MissingToolError(`this user may not talk to the Docker daemon at ${url}`, {
        fix: 'join the group of the socket (`sudo usermod -aG docker $USER`, then log in again), or set DOCKER_HOST to a daemon of your own',
        cause: error,
      });
    case 'ENOENT':
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'EHOSTUNREACH':
    case 'ETIMEDOUT':
      return new MissingToolError(`no Docker daemon at ${url} (${code})`, {
        fix: 'start Docker, or set DOCKER_HOST to where it listens; without one, a saved image can be converted: hpc-gat make-sif docker-archive:FILE',
        cause: error,
      });
    default:
      return new HpcGatError(`the Docker daemon at ${url} did not answer: ${messageOf(error)}`, {
        fix: 'see whether `docker version` answers',
        cause: error,
      });
  }
}
