import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import * as z from 'zod';
import type { Context } from '../support/context.ts';
import { getErrorCode, HpcGatError, getErrorMessage, MissingToolError } from '../support/errors.ts';
import type { DockerEndpoint } from './endpoint.ts';

export interface DockerAnswer {
  readonly status: number;
  /** The parsed body, or its text where it is not JSON. */
  readonly body: unknown;
}

/** A daemon under load answers late; one that hangs never does. */
const answerTimeoutMs = 30_000;
/** Older ones write the whole image to their own disk before the first byte of it comes. */
const streamTimeoutMs = 15 * 60_000;
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

async function get(endpoint: DockerEndpoint, path: string, signal: AbortSignal): Promise<DockerAnswer> {
  const answer = await send(endpoint, path, answerTimeoutMs, signal);
  return { status: answer.statusCode ?? 0, body: parse((await readBody(answer)).toString('utf8')) };
}

async function readBody(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of answer) {
    chunks.push(chunk as Buffer);
    sizeBytes += (chunk as Buffer).length;
    if (sizeBytes > maxBodyBytes) {
      throw new Error(`an answer of more than ${maxBodyBytes} bytes`);
    }
  }
  return Buffer.concat(chunks);
}

/**
 * The same, for an answer that is too long for memory.
 *
 * @returns the bytes as they come; who does not read them to their end destroys them.
 * @throws {MissingToolError} {HpcGatError} as {@link getFromDocker}, and when the daemon refuses.
 */
export async function streamFromDocker(
  endpoint: DockerEndpoint,
  path: string,
  signal: Context['signal'],
): Promise<IncomingMessage> {
  signal.throwIfAborted();
  try {
    const answer = await send(endpoint, path, streamTimeoutMs, signal);
    if (answer.statusCode !== 200) {
      const body = parse((await readBody(answer)).toString('utf8'));
      throw refusal({ status: answer.statusCode ?? 0, body }, endpoint);
    }
    return answer;
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof HpcGatError ? error : explain(error, endpoint);
  }
}

/** What an answer other than success means for the user. */
export function refusal({ status, body }: DockerAnswer, { url }: DockerEndpoint): HpcGatError {
  const said = (z.object({ message: z.string() }).safeParse(body).data?.message ?? String(body)).trim();
  return new HpcGatError(`the Docker daemon at ${url} answered with HTTP status ${status}: ${said}`, {
    fix: said.endsWith('to an HTTPS server.')
      ? 'it wants TLS: DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH names the directory with ca.pem, cert.pem and key.pem'
      : 'see whether `docker images` works',
  });
}

function send(
  endpoint: DockerEndpoint,
  path: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // Without an agent the connection closes with the answer and keeps no process alive.
    const options = { path, agent: false, signal, timeout: timeoutMs } as const;
    const asked =
      endpoint.kind === 'unix'
        ? requestHttp({ ...options, socketPath: endpoint.socket, headers: { host: 'docker' } })
        : (endpoint.tls === undefined ? requestHttp : requestHttps)({
            ...options,
            ...endpoint.tls,
            host: endpoint.host,
            port: endpoint.port,
          });
    asked.on('response', resolve);
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
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
  const code = getErrorCode(error);
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
    case 'EPROTO':
    case 'ECONNRESET':
      return new HpcGatError(`the Docker daemon at ${url} hung up: ${getErrorMessage(error)}`, {
        fix: 'see whether `docker version` answers; a daemon behind TLS wants DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH',
        cause: error,
      });
    default:
      // What the other side says of ours, RFC 8446 section 6.2.
      if (/TLS.*_ALERT_\w*CERTIFICATE/.test(code ?? '')) {
        return new HpcGatError(
          `the Docker daemon at ${url} does not take the certificate of this user (${code})`,
          {
            fix: 'put the cert.pem and key.pem that its administrator gave you into the directory of DOCKER_CERT_PATH',
            cause: error,
          },
        );
      }
      if (/CERT|SELF_SIGNED|UNABLE_TO/.test(code ?? '')) {
        return new HpcGatError(`the certificate of the Docker daemon at ${url} is not trusted (${code})`, {
          fix: 'name the directory with its ca.pem: DOCKER_CERT_PATH',
          cause: error,
        });
      }
      return new HpcGatError(`the Docker daemon at ${url} did not answer: ${getErrorMessage(error)}`, {
        fix: 'see whether `docker version` answers',
        cause: error,
      });
  }
}
