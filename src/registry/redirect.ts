import type { IncomingMessage } from 'node:http';
import { HpcGatError } from '../support/errors.ts';
import type { HttpRequest } from './http-request.ts';

/**
 * Returns the target of a redirect; undefined for other answers.
 *
 * @throws {HpcGatError} for an invalid target, and for one to which this request must not be sent.
 */
export function getRedirectTarget(
  { statusCode = 0, headers: { location } }: Pick<IncomingMessage, 'statusCode' | 'headers'>,
  from: URL,
  request: HttpRequest,
): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(statusCode) || location === undefined) {
    return undefined;
  }
  const target = location.trim() === '' ? null : URL.parse(location, from.href);
  if (target === null || !['http:', 'https:'].includes(target.protocol) || target.hostname === '') {
    throw forbidden(from, 'redirects to something that is not an http or https address');
  }
  if (request.body !== undefined) {
    throw forbidden(from, 'redirects a request that contains a login, which is not sent to another address');
  }
  if (request.staysAtOrigin === true && target.origin !== from.origin) {
    throw forbidden(
      from,
      `redirects a request that contains a login to ${target.host}, which must not receive it`,
    );
  }
  if (request.isVerified !== true && from.protocol === 'https:' && target.protocol === 'http:') {
    throw forbidden(from, `redirects to ${target.origin}, which is not encrypted`);
  }
  return target;
}

function forbidden({ host }: URL, what: string): HpcGatError {
  return new HpcGatError(`${host} ${what}`, { fix: `report it to the operator of ${host}` });
}
