import type { Context } from '../support/context.ts';
import { HpcGatError } from '../support/errors.ts';
import { isLoopback } from '../support/network/loopback.ts';
import { toPrintable } from '../support/text/printable.ts';
import { parseChallenges, type Challenge } from './challenge.ts';
import { formatBasicAuthorization } from './registry-credentials.ts';
import type { Credentials } from './registry-credentials.ts';
import type { Secrets } from './secrets.ts';
import { isHeaderValue, requestToken } from './token.ts';

export interface Login {
  readonly registry: URL;
  /** Repository to read. */
  readonly repository: string;
  readonly credentials: Credentials | undefined;
  /** True if the user permits sending the login over http to another machine. */
  readonly allowsPlaintext: boolean;
  /** True to request the scope of the challenge in addition to the repository's. */
  readonly withScopeOfChallenge: boolean;
  /** Texts that messages must not contain. */
  readonly secrets: Secrets;
}

/**
 * Returns the `Authorization` for the `WWW-Authenticate` of a registry's refusal; undefined when the registry requires a
 * password and none is stored. A token is preferred to a password.
 *
 * @throws {HpcGatError} when the token service fails, or no offered authentication scheme is supported.
 */
export async function authorize(
  header: string,
  login: Login,
  context: Pick<Context, 'env' | 'signal' | 'clock'>,
): Promise<string | undefined> {
  const { registry, credentials, secrets } = login;
  if (credentials?.kind === 'registry-token') {
    return isHeaderValue(credentials.token) ? `Bearer ${credentials.token}` : undefined;
  }
  const challenges = parseChallenges(header);
  const bearers = challenges.filter(({ scheme }) => scheme === 'bearer');
  for (const bearer of bearers) {
    const realm = realmOf(bearer);
    if (realm !== undefined) {
      return bearerAuthorization(bearer, realm, login, context);
    }
  }
  if (challenges.some(({ scheme }) => scheme === 'basic')) {
    return credentials?.kind === 'password' ? formatBasicAuthorization(credentials) : undefined;
  }
  const [useless] = bearers;
  if (useless !== undefined) {
    const named = useless.parameters.get('realm');
    throw new HpcGatError(
      `${registry.host} names no valid address of a token service` +
        (named === undefined ? '' : `: the realm is "${toPrintable(secrets.redact(named))}"`),
      { fix: `report it to the operator of ${registry.host}` },
    );
  }
  if (challenges.length > 0) {
    const schemes = toPrintable(secrets.redact(challenges.map(({ scheme }) => scheme).join(', ')));
    throw new HpcGatError(`${registry.host} requires a login by ${schemes}, which hpc-gat does not support`, {
      fix: 'ask its operator for a login by password (Basic) or token (Bearer)',
    });
  }
  return undefined;
}

/** Returns whether the challenges contain a scope other than the one that is always requested. */
export function hasOtherScope(header: string, repository: string): boolean {
  return parseChallenges(header).some(({ scheme, parameters }) => {
    const named = parameters.get('scope') ?? '';
    return scheme === 'bearer' && named !== '' && named !== ownScope(repository);
  });
}

function ownScope(repository: string): string {
  return `repository:${repository}:pull`;
}

function realmOf({ parameters }: Challenge): URL | undefined {
  const url = URL.parse(parameters.get('realm') ?? '');
  return url !== null && /^https?:$/.test(url.protocol) && url.hostname !== '' ? url : undefined;
}

async function bearerAuthorization(
  { parameters }: Challenge,
  realm: URL,
  { registry, repository, credentials, allowsPlaintext, withScopeOfChallenge }: Login,
  context: Pick<Context, 'env' | 'signal' | 'clock'>,
): Promise<string | undefined> {
  const isConfidential =
    realm.protocol === 'https:' ||
    (registry.protocol === 'http:' && (allowsPlaintext || isLoopback(realm.hostname)));
  if (credentials !== undefined && !isConfidential) {
    throw new HpcGatError(
      `${registry.host} requires the password to be sent to ${realm.origin} without encryption`,
      {
        fix: `report it to the operator of ${registry.host}`,
      },
    );
  }
  const named = withScopeOfChallenge ? parameters.get('scope')?.split(/\s+/) : undefined;
  const scopes = new Set([ownScope(repository), ...(named ?? [])].filter((scope) => scope !== ''));
  const token = await requestToken(
    {
      realm,
      service: parameters.get('service'),
      scopes: [...scopes],
      credentials,
      host: registry.host,
    },
    context,
  );
  return token === undefined ? undefined : `Bearer ${token}`;
}
