import { request as requestHttp, Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { request as requestHttps, Agent as HttpsAgent } from 'node:https';
import type { Context } from '../support/context.ts';
import { codeOf, HpcGatError, messageOf, UsageError } from '../support/errors.ts';

export interface HttpRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Without a byte for so long, a connection counts as dead. */
const idleTimeoutMs = 60_000;
const maxRedirects = 5;

/**
 * One request, redirects followed; a proxy is taken from the environment where Node knows how (24.5 and later).
 * The answer's body has still to be read.
 *
 * @throws {UsageError} {HpcGatError} when nothing answers, or the connection cannot be trusted.
 */
export async function send(
  url: URL,
  asked: HttpRequest,
  context: Pick<Context, 'env' | 'signal'>,
): Promise<IncomingMessage> {
  context.signal.throwIfAborted();
  let target = url;
  let headers = asked.headers ?? {};
  for (let redirects = 0; ; redirects += 1) {
    const answer = await sendOnce(target, { ...asked, headers }, context);
    const location = answer.headers.location;
    if (![301, 302, 303, 307, 308].includes(answer.statusCode ?? 0) || location === undefined) {
      return answer;
    }
    answer.resume();
    if (redirects === maxRedirects) {
      throw new HpcGatError(`${url.host} redirects without end`);
    }
    const next = new URL(location, target);
    if (next.origin !== target.origin) {
      // Blobs often lie with a storage service, which is not to see the user's password.
      headers = Object.fromEntries(
        Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'),
      );
    }
    target = next;
  }
}

function sendOnce(
  url: URL,
  { method = 'GET', headers, body }: HttpRequest,
  { env, signal }: Pick<Context, 'env' | 'signal'>,
): Promise<IncomingMessage> {
  const secure = url.protocol === 'https:';
  const agent = secure ? new HttpsAgent({ proxyEnv: env }) : new HttpAgent({ proxyEnv: env });
  return new Promise((resolve, reject) => {
    const options = { method, headers: { 'user-agent': 'hpc-gat', ...headers }, agent, signal };
    const sent = (secure ? requestHttps : requestHttp)(url, options, resolve);
    sent.setTimeout(idleTimeoutMs, () => {
      const message = `no answer within ${idleTimeoutMs / 1000} s`;
      sent.destroy(Object.assign(new Error(message), { code: 'ETIMEDOUT' }));
    });
    sent.on('error', (error) => {
      reject(signal.aborted ? (signal.reason as Error) : explain(error, url));
    });
    sent.end(body);
  });
}

/** Far more than any manifest, token or error has. */
const maxBodyBytes = 16 * 1024 * 1024;

/**
 * Small bodies only: manifests, tokens, errors.
 *
 * @param from whose answer it is, for messages.
 * @throws {HpcGatError} when the connection breaks before its end.
 */
export async function readBody(answer: IncomingMessage, from: Pick<URL, 'host'>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of answer) {
      chunks.push(chunk as Buffer);
      sizeBytes += (chunk as Buffer).length;
      if (sizeBytes > maxBodyBytes) {
        break;
      }
    }
  } catch (error) {
    throw explain(error, from);
  }
  if (sizeBytes > maxBodyBytes) {
    throw new HpcGatError(
      `${from.host} sends more than ${maxBodyBytes} bytes where a description was expected`,
    );
  }
  return Buffer.concat(chunks);
}

function explain(error: unknown, { host }: Pick<URL, 'host'>): HpcGatError {
  const code = codeOf(error) ?? '';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new UsageError(`there is no host ${host} (${code})`, {
      fix: 'check the name, and that this machine reaches the network: a proxy goes into HTTPS_PROXY',
      cause: error,
    });
  }
  if (['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT'].includes(code)) {
    return new HpcGatError(`no registry answers at ${host} (${code})`, {
      fix: 'check host and port, and that this machine reaches the network: a proxy goes into HTTPS_PROXY',
      cause: error,
    });
  }
  if (code === 'EPROTO' || code === 'ERR_SSL_WRONG_VERSION_NUMBER') {
    return new HpcGatError(`${host} does not speak TLS`, {
      fix: 'where the registry is a test of your own, take it over http: registry.plainHttp in hpc-gat.yaml, for make-sif also --plain-http',
      cause: error,
    });
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO/.test(code)) {
    return new HpcGatError(`the certificate of ${host} is not trusted: ${messageOf(error)} (${code})`, {
      fix: "name the file with the certificate of the registry's authority: NODE_EXTRA_CA_CERTS=FILE",
      cause: error,
    });
  }
  return new HpcGatError(`the connection to ${host} broke: ${messageOf(error)}`, {
    fix: 'try again',
    cause: error,
  });
}
