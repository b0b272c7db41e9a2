import type { Proxy } from '../support/network/choose-proxy.ts';
import { getErrorCode, HpcGatError, getErrorMessage, UsageError } from '../support/errors.ts';
import { BusyError, busyStatuses } from './attempts.ts';

const unreachable = ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT'];
const networkReached = 'that this machine can access the network; set HTTPS_PROXY if it needs a proxy';

interface Route {
  /** Relation of this host to the user's registry, if it is another host. */
  readonly relation?: string | undefined;
  readonly proxy?: Proxy | undefined;
}

/** Creates the error for a request to `url` without an answer. */
export function createConnectionError(
  error: unknown,
  url: URL,
  { relation, proxy }: Route = {},
): HpcGatError {
  const code = getErrorCode(error) ?? '';
  if (code === 'ERR_PROXY_TUNNEL' && proxy !== undefined) {
    return createProxyError(statusOf(error), url, proxy, error);
  }
  const isUnknown = code === 'ENOTFOUND' || code === 'EAI_AGAIN';
  if (proxy !== undefined && (isUnknown || unreachable.includes(code))) {
    return new HpcGatError(`the proxy ${proxy.url.host} cannot be reached (${code})`, {
      fix: `check ${proxy.variable}, or add ${url.hostname} to NO_PROXY`,
      cause: error,
    });
  }
  const host = relation === undefined ? url.host : `${url.host}, ${relation}`;
  if (isUnknown) {
    const message = `cannot find the host ${host} (${code})`;
    return relation === undefined
      ? new UsageError(message, { fix: `check the name, and ${networkReached}`, cause: error })
      : new HpcGatError(message, { fix: `check ${networkReached}`, cause: error });
  }
  if (unreachable.includes(code)) {
    return new HpcGatError(`no registry responds at ${host} (${code})`, {
      fix: `check host and port, and ${networkReached}`,
      cause: error,
    });
  }
  if (code === 'EPROTO' || code === 'ERR_SSL_WRONG_VERSION_NUMBER') {
    return new HpcGatError(`${host} does not use TLS`, {
      fix: 'for your own registry without TLS, set registry.plainHttp in hpc-gat.yaml, or pass --plain-http to make-sif',
      cause: error,
    });
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO/.test(code)) {
    return new HpcGatError(`the certificate of ${host} is not trusted: ${getErrorMessage(error)} (${code})`, {
      fix: "set NODE_EXTRA_CA_CERTS to the file with the certificate of the registry's authority",
      cause: error,
    });
  }
  return new HpcGatError(`the connection to ${host} broke: ${getErrorMessage(error)}`, {
    fix: 'try again',
    cause: error,
  });
}

/** Creates the error for a proxy that responds itself instead of connecting to the registry. */
export function createProxyError(
  status: number | undefined,
  url: URL,
  { url: { host, username }, variable }: Proxy,
  cause?: unknown,
): HpcGatError {
  if (status === 407) {
    const form = `${variable}=http://USER:PASSWORD@${host}, special characters as %NN`;
    return username === ''
      ? new HpcGatError(`the proxy ${host} requires a login (HTTP status 407)`, {
          fix: `add the user and password of the proxy: ${form}`,
        })
      : new HpcGatError(`the proxy ${host} rejects the user and password in ${variable} (HTTP status 407)`, {
          fix: `correct them: ${form}`,
        });
  }
  const why = status === undefined ? 'the connection ended' : `HTTP status ${status}`;
  const Kind = busyStatuses.includes(status) ? BusyError : HpcGatError;
  return new Kind(`the proxy ${host} does not connect to ${url.host} (${why})`, {
    fix: `check ${variable}, or add ${url.hostname} to NO_PROXY`,
    cause,
  });
}

function statusOf(error: unknown): number | undefined {
  return typeof error === 'object' &&
    error !== null &&
    'statusCode' in error &&
    typeof error.statusCode === 'number'
    ? error.statusCode
    : undefined;
}
