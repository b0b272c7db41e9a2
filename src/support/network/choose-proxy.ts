import { UsageError } from '../errors.ts';
import { isLoopback } from './loopback.ts';
import { isExempt } from './no-proxy.ts';

export interface Proxy {
  /** Address, which may contain a password; messages contain only its `host`. */
  readonly url: URL;
  /** Name of the variable that configures the proxy. */
  readonly variable: string;
}

/**
 * Returns the proxy of the environment for a request to `url`; undefined without one. Requests to this machine never use a
 * proxy.
 *
 * @throws {UsageError} when the variable is not the address of an HTTP proxy.
 */
export function chooseProxy(url: URL, env: Readonly<Record<string, string | undefined>>): Proxy | undefined {
  const noProxy = [env.no_proxy, env.NO_PROXY].find((value) => (value ?? '') !== '') ?? '';
  if (isLoopback(url.hostname) || isExempt(url, noProxy)) {
    return undefined;
  }
  const own = `${url.protocol.slice(0, -1)}_proxy`;
  const variable = [own, own.toUpperCase(), 'all_proxy', 'ALL_PROXY'].find(
    (name) => (env[name] ?? '').trim() !== '',
  );
  return variable === undefined ? undefined : parseProxy((env[variable] ?? '').trim(), variable);
}

function parseProxy(text: string, variable: string): Proxy | undefined {
  const url = URL.parse(/^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  // The message omits the text, which may contain a password.
  const fix = `write ${variable}=http://[USER:PASSWORD@]HOST:PORT, special characters of user and password as %NN`;
  if (url === null || url.hostname === '' || !isDecodable(url.username + url.password)) {
    throw new UsageError(`${variable} is not the address of a proxy`, { fix });
  }
  if (url.protocol === 'http:' || url.protocol === 'https:') {
    return { url, variable };
  }
  if (variable.toLowerCase() === 'all_proxy') {
    // ALL_PROXY is often a SOCKS proxy for other programs.
    return undefined;
  }
  throw new UsageError(`${variable} names a proxy that speaks ${url.protocol.slice(0, -1)}, not http`, {
    fix,
  });
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
