import type { Context } from '../support/context.ts';
import { isLoopback } from '../support/network/loopback.ts';
import { authorize, hasOtherScope } from './authorization.ts';
import { findCredentials, type FoundCredentials } from './find-credentials.ts';
import type { Secrets } from './secrets.ts';
import { send } from './http.ts';
import { type HttpAnswer, type HttpRequest } from './http-request.ts';

export interface RegistryAnswer extends HttpAnswer {
  /** Host that responded, if the requested host redirected to another one. */
  readonly redirectedTo: string | undefined;
}

/** Host with a repository: the registry itself, or a mirror of it. */
export interface RegistryHost {
  readonly url: URL;
  /** Returns the credentials that were used after a refusal, if there was one. */
  readonly credentials: () => FoundCredentials | undefined;
  /**
   * Returns the answer to a request below `/v2/REPOSITORY/`, whatever its status. Logs in if the host itself requires
   * it, but not to a host that it redirects to.
   */
  get(path: string, request: HttpRequest, signal: AbortSignal): Promise<RegistryAnswer>;
}

export interface HostOptions {
  /** Host name as in Docker's configuration. */
  readonly name: string;
  readonly url: URL;
  readonly repository: string;
  /** True if the login of the environment applies to this host. */
  readonly usesEnvironment: boolean;
  /** True if the user permits sending a login over http to another machine. */
  readonly allowsPlaintext: boolean;
  /** Collects the secrets of logins, to redact them in messages. */
  readonly secrets: Secrets;
}

export function openRegistryHost(
  { name, url, repository, usesEnvironment, allowsPlaintext, secrets }: HostOptions,
  context: Pick<Context, 'env' | 'run' | 'clock'>,
): RegistryHost {
  let authorization: string | undefined;
  let found: FoundCredentials | undefined;
  const isConfidential = url.protocol === 'https:' || isLoopback(url.hostname) || allowsPlaintext;
  return {
    url,
    credentials: () => found,
    get: async (path, request, signal) => {
      const within = { ...context, signal };
      const target = new URL(`/v2/${repository}/${path}`, url);
      let used: string | undefined;
      const attempt = async (): Promise<RegistryAnswer> => {
        used = authorization;
        const answer = await send(
          target,
          {
            ...request,
            headers: { ...request.headers, ...(authorization !== undefined && { authorization }) },
            isVerified: /\/sha256:[0-9a-f]{64}$/.test(path),
          },
          within,
        );
        return { ...answer, redirectedTo: otherHost(answer.url, url) };
      };
      let answer = await attempt();
      // A token that expires during a long download is renewed here as well. A registry that refuses the token for the
      // repository may use another name for the repository, which its challenge contains.
      for (const withScopeOfChallenge of [false, true]) {
        const challenge = challengeIn(answer);
        if (challenge === undefined || (withScopeOfChallenge && !hasOtherScope(challenge, repository))) {
          return answer;
        }
        found ??= isConfidential
          ? await findCredentials({ host: name, repository, usesEnvironment }, within)
          : withheld(name);
        const { credentials } = found;
        secrets.addCredentials(credentials);
        const login = {
          registry: url,
          repository,
          credentials,
          allowsPlaintext,
          withScopeOfChallenge,
          secrets,
        };
        const authorized = await authorize(challenge, login, within);
        // Sending the same login again would fail again, and may lock the account.
        if (authorized === undefined || authorized === used) {
          return answer;
        }
        authorization = authorized;
        secrets.add(authorized.replace(/^\w+ /, ''));
        answer.message.destroy();
        answer = await attempt();
      }
      return answer;
    },
  };
}

function otherHost(answered: URL, requested: URL): string | undefined {
  if (answered.origin === requested.origin) {
    return undefined;
  }
  return answered.host === requested.host ? answered.origin : answered.host;
}

/** Returns the challenge of the requested host; challenges of other hosts are ignored, so that they never get the login. */
function challengeIn({ message, redirectedTo }: RegistryAnswer): string | undefined {
  return message.statusCode === 401 && redirectedTo === undefined
    ? message.headers['www-authenticate']
    : undefined;
}

function withheld(host: string): FoundCredentials {
  return {
    credentials: undefined,
    origin: `no login is sent to ${host} over http`,
    fix: 'use a registry with TLS, or pass --plain-http to make-sif, which sends the login over http',
  };
}
