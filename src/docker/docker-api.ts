import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import * as z from 'zod';
import type { Context } from '../support/context.ts';
import { getErrorCode, HpcGatError, getErrorMessage, MissingToolError } from '../support/errors.ts';
import type { DockerEndpoint } from './endpoint.ts';

export interface DockerAnswer {
  readonly status: number;
  /** Parsed body, or its text if it is not JSON. */
  readonly body: unknown;
}

/** Time limit for an answer: a busy daemon is slow, but a hanging one never responds. */
const answerTimeoutMs = 30_000;
/** Time limit for a stream: older daemons write the whole image to their own disk before the first byte is sent. */
const streamTimeoutMs = 15 * 60_000;
/** Limit for a body; a list of some ten thousand images is smaller. */
const maxBodyBytes = 64 * 1024 * 1024;

/**
 * Sends one GET request to the daemon's HTTP API (docs.docker.com/reference/api/engine), without the docker command.
 *
 * @throws {MissingToolError} if no daemon listens there, or if this user has no access to it.
 * @throws {HpcGatError} if it does not respond.
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
      throw new Error(`the answer has more than ${maxBodyBytes} bytes`);
    }
  }
  return Buffer.concat(chunks);
}

/**
 * Sends the request like {@link getFromDocker}, for an answer that is too long for memory.
 *
 * @returns the stream; a caller that does not read it to its end must destroy it.
 * @throws {MissingToolError} {HpcGatError} as {@link getFromDocker}, and if the daemon refuses.
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
      throw createRefusalError({ status: answer.statusCode ?? 0, body }, endpoint);
    }
    return answer;
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof HpcGatError ? error : explain(error, endpoint);
  }
}

/** Creates the error for an answer other than success. */
export function createRefusalError({ status, body }: DockerAnswer, { url }: DockerEndpoint): HpcGatError {
  const text = (z.object({ message: z.string() }).safeParse(body).data?.message ?? String(body)).trim();
  return new HpcGatError(`the Docker daemon at ${url} answered with HTTP status ${status}: ${text}`, {
    fix: text.endsWith('to an HTTPS server.')
      ? 'it requires TLS: set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the directory with ca.pem, cert.pem and key.pem'
      : 'check whether `docker images` works',
  });
}

function send(
  endpoint: DockerEndpoint,
  path: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // Without an agent the connection closes with the answer, so that it does not prevent the process from ending.
    const options = { path, agent: false, signal, timeout: timeoutMs } as const;
    const request =
      endpoint.kind === 'unix'
        ? requestHttp({ ...options, socketPath: endpoint.socket, headers: { host: 'docker' } })
        : (endpoint.tls === undefined ? requestHttp : requestHttps)({
            ...options,
            ...endpoint.tls,
            host: endpoint.host,
            port: endpoint.port,
          });
    request.on('response', resolve);
    request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    request.on('error', reject);
    request.end();
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
      return new MissingToolError(`you have no access to the Docker daemon at ${url}`, {
        fix: 'join the group of the socket (`sudo usermod -aG docker $USER`, then log in again), or set DOCKER_HOST to your own daemon',
        cause: error,
      });
    case 'ENOENT':
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'EHOSTUNREACH':
    case 'ETIMEDOUT':
      return new MissingToolError(`no Docker daemon at ${url} (${code})`, {
        fix: 'start Docker, set DOCKER_HOST to the address of the daemon, or convert a saved image: hpc-gat make-sif docker-archive:FILE',
        cause: error,
      });
    case 'EPROTO':
    case 'ECONNRESET':
      return new HpcGatError(`the Docker daemon at ${url} closed the connection: ${getErrorMessage(error)}`, {
        fix: 'check whether `docker version` works; a daemon with TLS requires DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH',
        cause: error,
      });
    default:
      // The alert is the daemon's response to our certificate (RFC 8446, section 6.2).
      if (/TLS.*_ALERT_\w*CERTIFICATE/.test(code ?? '')) {
        return new HpcGatError(`the Docker daemon at ${url} rejects the certificate of this user (${code})`, {
          fix: 'put the cert.pem and key.pem from its administrator into the directory of DOCKER_CERT_PATH',
          cause: error,
        });
      }
      if (/CERT|SELF_SIGNED|UNABLE_TO/.test(code ?? '')) {
        return new HpcGatError(`the certificate of the Docker daemon at ${url} is not trusted (${code})`, {
          fix: 'set DOCKER_CERT_PATH to the directory with its ca.pem',
          cause: error,
        });
      }
      return new HpcGatError(`the Docker daemon at ${url} did not respond: ${getErrorMessage(error)}`, {
        fix: 'check whether `docker version` works',
        cause: error,
      });
  }
}
