import * as z from 'zod';
import type { Context } from '../support/context.ts';
import { HpcGatError } from '../support/errors.ts';
import { BusyError, busyStatuses } from './attempts.ts';
import type { Credentials } from './credentials.ts';
import { readBody, send } from './http.ts';

const tokenSchema = z.looseObject({ token: z.string().optional(), access_token: z.string().optional() });

/**
 * The `Authorization` that a registry wants, from the `WWW-Authenticate` of its refusal (RFC 6750; distribution's
 * token specification). Undefined when it wants a password and there is none.
 *
 * @throws {HpcGatError} when the service that gives tokens fails.
 */
export async function authorize(
  challenge: string,
  credentials: Credentials | undefined,
  registry: URL,
  repository: string,
  context: Pick<Context, 'env' | 'signal'>,
): Promise<string | undefined> {
  const bearer = /\bBearer\s+(.*)$/i.exec(challenge)?.[1];
  if (bearer === undefined) {
    return credentials?.kind === 'password' ? basic(credentials) : undefined;
  }
  const given = (key: string) => new RegExp(`\\b${key}="([^"]*)"`).exec(bearer)?.[1];
  const realm = URL.parse(given('realm') ?? '');
  if (realm === null) {
    throw new HpcGatError(`${registry.host} names no address where tokens are to be had`);
  }
  if (credentials !== undefined && registry.protocol === 'https:' && realm.protocol !== 'https:') {
    throw new HpcGatError(`${registry.host} wants the password sent to ${realm.origin} without encryption`, {
      fix: 'tell whoever runs the registry',
    });
  }
  const service = given('service');
  const asked = {
    ...(service !== undefined && { service }),
    scope: given('scope') ?? `repository:${repository}:pull`,
  };
  const answer = await (credentials?.kind === 'identity-token'
    ? send(realm, refresh(asked, credentials.token), context)
    : send(
        withQuery(realm, asked),
        { headers: credentials ? { authorization: basic(credentials) } : {} },
        context,
      ));
  const body = (await readBody(answer, realm)).toString('utf8');
  if (answer.statusCode === 401 || answer.statusCode === 403) {
    return undefined;
  }
  const status = answer.statusCode ?? 0;
  if (busyStatuses.includes(status)) {
    throw new BusyError(
      `${realm.host} is busy (HTTP status ${status}), and has no token for ${registry.host}`,
      {
        fix: 'try again later',
      },
    );
  }
  const parsed = tokenSchema.safeParse(jsonOf(body)).data;
  const token = parsed?.token ?? parsed?.access_token;
  if (token === undefined) {
    throw new HpcGatError(`${realm.host} gave no token for ${registry.host} (HTTP status ${status})`, {
      fix: 'try again later',
    });
  }
  return `Bearer ${token}`;
}

function basic({ username, password }: Extract<Credentials, { kind: 'password' }>): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function withQuery(realm: URL, asked: Readonly<Record<string, string>>): URL {
  const url = new URL(realm);
  for (const [key, value] of Object.entries(asked)) {
    url.searchParams.set(key, value);
  }
  return url;
}

function refresh(asked: Readonly<Record<string, string>>, token: string) {
  const form = { ...asked, grant_type: 'refresh_token', client_id: 'hpc-gat', refresh_token: token };
  return {
    method: 'POST' as const,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
