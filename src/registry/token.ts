import * as z from 'zod';
import type { Context } from '../support/context.ts';
import { HpcGatError } from '../support/errors.ts';
import { BusyError, busyStatuses, parseRetryAfter } from './attempts.ts';
import { formatBasicAuthorization } from './registry-credentials.ts';
import type { Credentials } from './registry-credentials.ts';
import { readBody, send } from './http.ts';
import type { HttpAnswer } from './http-request.ts';

export interface TokenRequest {
  /** Address of the token service. */
  readonly realm: URL;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  readonly credentials: Credentials | undefined;
  /** Host that the token is for, for messages. */
  readonly host: string;
}

/** Schema of a field; an odd type or an empty text counts as missing. */
const word = z.string().min(1).optional().catch(undefined);
const answerSchema = z.looseObject({ token: word, access_token: word });

/**
 * Returns a token from a token service (distribution's token specification; OAuth 2 for a refresh token); undefined
 * if the service refuses the login.
 *
 * @throws {HpcGatError} if the service fails.
 */
export async function requestToken(
  request: TokenRequest,
  context: Pick<Context, 'env' | 'signal' | 'clock'>,
): Promise<string | undefined> {
  const { realm, host } = request;
  const answer = await sendTokenRequest(request, context);
  const body = (await readBody(answer)).toString('utf8');
  const { statusCode: status = 0, headers } = answer.message;
  if (status === 401 || status === 403) {
    return undefined;
  }
  if (busyStatuses.includes(status)) {
    throw new BusyError(`${realm.host} is busy (HTTP status ${status}) and returned no token for ${host}`, {
      fix: 'try again later',
      retryAfterMs: parseRetryAfter(headers, context.clock.now()),
    });
  }
  const { token, access_token: accessToken } = answerSchema.safeParse(jsonOf(body)).data ?? {};
  const given = status >= 200 && status < 300 ? (token ?? accessToken) : undefined;
  if (given === undefined) {
    throw new HpcGatError(`${realm.host} returned no token for ${host} (HTTP status ${status})`, {
      fix: 'try again later',
    });
  }
  if (!isHeaderValue(given)) {
    throw new HpcGatError(`${realm.host} returned a token for ${host} that is not valid in an HTTP header`, {
      fix: `report it to the operator of ${realm.host}`,
    });
  }
  return given;
}

/** Returns whether a text is valid in an HTTP header. */
export function isHeaderValue(text: string): boolean {
  return /^[\x20-\x7e]+$/.test(text);
}

function sendTokenRequest(
  { realm, service, scopes, credentials, host }: TokenRequest,
  context: Pick<Context, 'env' | 'signal'>,
): Promise<HttpAnswer> {
  const relation = realm.host === host ? undefined : `which ${host} names for tokens`;
  if (credentials?.kind === 'identity-token') {
    const form = {
      ...(service !== undefined && { service }),
      scope: scopes.join(' '),
      grant_type: 'refresh_token',
      client_id: 'hpc-gat',
      refresh_token: credentials.token,
    };
    return send(
      realm,
      {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(form).toString(),
        relation,
      },
      context,
    );
  }
  const query = new URLSearchParams(service === undefined ? {} : { service });
  scopes.forEach((scope) => {
    query.append('scope', scope);
  });
  // Parameters of the given address are preserved.
  const url = new URL(realm.href);
  url.search = [realm.search.slice(1), query.toString()].filter((part) => part !== '').join('&');
  return credentials?.kind === 'password'
    ? send(
        url,
        { headers: { authorization: formatBasicAuthorization(credentials) }, staysAtOrigin: true, relation },
        context,
      )
    : send(url, { relation }, context);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
