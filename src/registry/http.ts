import { request as requestHttp, Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { request as requestHttps, Agent as HttpsAgent } from 'node:https';
import { chooseProxy } from '../support/network/choose-proxy.ts';
import type { Context } from '../support/context.ts';
import { HpcGatError } from '../support/errors.ts';
import { createConnectionError, createProxyError } from './connection-errors.ts';
import { getRedirectTarget } from './redirect.ts';
import type { HttpRequest, HttpAnswer } from './http-request.ts';

/** Time without data after which a connection counts as dead. */
const idleTimeoutMs = 60_000;
const maxRedirects = 10;
/** Headers that disable compression in transit: digests refer to the uncompressed body. */
const alwaysSent = { 'user-agent': 'hpc-gat', 'accept-encoding': 'identity' };

/**
 * Sends one request and follows redirects; `Authorization` is not sent to another origin. The proxy is taken from the
 * environment if Node supports it (24.5 and later). The caller reads the body of the answer.
 *
 * @throws {UsageError} {HpcGatError} if nothing responds, or if the connection or a redirect cannot be trusted.
 */
export async function send(
  url: URL,
  request: HttpRequest,
  context: Pick<Context, 'env' | 'signal'>,
): Promise<HttpAnswer> {
  context.signal.throwIfAborted();
  let target = url;
  let headers = request.headers ?? {};
  for (let redirects = 0; ; redirects += 1) {
    const relation = redirects === 0 ? request.relation : `to which ${url.host} redirects`;
    const message = await sendOnce(target, { ...request, headers, relation }, context);
    let next;
    try {
      next = getRedirectTarget(message, target, request);
    } catch (error) {
      message.destroy();
      throw error;
    }
    if (next === undefined) {
      return { message, url: target };
    }
    message.destroy();
    if (redirects === maxRedirects) {
      throw new HpcGatError(`${url.host} redirects more than ${maxRedirects} times`, {
        fix: `report it to the operator of ${url.host}`,
      });
    }
    if (next.origin !== target.origin) {
      // Blobs are often stored by another service, which must not receive the user's login.
      headers = Object.fromEntries(
        Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'),
      );
    }
    target = next;
  }
}

async function sendOnce(
  url: URL,
  { method = 'GET', headers, body, relation }: HttpRequest,
  { env, signal }: Pick<Context, 'env' | 'signal'>,
): Promise<IncomingMessage> {
  const secure = url.protocol === 'https:';
  const proxy = chooseProxy(url, env);
  const proxyEnv = proxy && { [secure ? 'https_proxy' : 'http_proxy']: proxy.url.href };
  const agent = secure ? new HttpsAgent({ proxyEnv }) : new HttpAgent({ proxyEnv });
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = { method, headers: { ...alwaysSent, ...headers }, agent, signal };
    const sent = (secure ? requestHttps : requestHttp)(url, options, (answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
    const giveUp = () => {
      const text = `no answer within ${idleTimeoutMs / 1000} s`;
      sent.destroy(Object.assign(new Error(text), { code: 'ETIMEDOUT' }));
    };
    const timer = setTimeout(giveUp, idleTimeoutMs);
    // The timeout also applies while the body is received.
    sent.setTimeout(idleTimeoutMs, giveUp);
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(
        signal.aborted ? (signal.reason as Error) : createConnectionError(error, url, { relation, proxy }),
      );
    };
    sent.on('error', fail);
    // Node reports no error when a connection ends that was to be upgraded to another protocol.
    sent.on('close', () => {
      fail(new Error('the connection ended without an answer'));
    });
    sent.end(body);
  });
  if (message.statusCode === 407 && proxy !== undefined) {
    message.destroy();
    throw createProxyError(407, url, proxy);
  }
  return message;
}

/** Limit far above any manifest, token or error. */
const maxBodyBytes = 16 * 1024 * 1024;
const maxBodyMs = 120_000;

/**
 * Reads a small body, such as a manifest, a token or an error.
 *
 * @throws {HpcGatError} if the connection breaks before its end, or if the body exceeds the limits of size or time.
 */
export async function readBody({ message, url }: HttpAnswer): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  const timer = setTimeout(() => {
    const text = `the answer takes longer than ${maxBodyMs / 1000} s`;
    message.destroy(Object.assign(new Error(text), { code: 'ETIMEDOUT' }));
  }, maxBodyMs);
  try {
    for await (const chunk of message) {
      chunks.push(chunk as Buffer);
      sizeBytes += (chunk as Buffer).length;
      if (sizeBytes > maxBodyBytes) {
        break;
      }
    }
  } catch (error) {
    throw createConnectionError(error, url);
  } finally {
    clearTimeout(timer);
  }
  if (sizeBytes > maxBodyBytes) {
    throw new HpcGatError(`${url.host} sent more than ${maxBodyBytes} bytes instead of a description`);
  }
  return Buffer.concat(chunks);
}
