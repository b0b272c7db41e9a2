import type { Context } from '../support/context.ts';
import { isLoopback } from '../support/loopback.ts';
import { authorize, namesOtherScope } from './authorization.ts';
import { findCredentials, type FoundCredentials } from './credentials.ts';
import type { Secrets } from './secrets.ts';
import { send, type HttpAnswer, type HttpRequest } from './http.ts';

export interface RegistryAnswer extends HttpAnswer {
  /** The host that answered, where it is another one than was asked, to which that redirects. */
  readonly redirectedTo: string | undefined;
}

/** A host that has a repository: the registry itself, or a mirror of it. */
export interface RegistryHost {
  readonly url: URL;
  /** Which credentials a refusal was met with, once one was. */
  readonly credentials: () => FoundCredentials | undefined;
  /**
   * Returns the answer to a request below `/v2/REPOSITORY/`, whatever its status; logs in when the host itself, and not
   * one that it redirects to, asks for it.
   */
  get(path: string, request: HttpRequest, signal: AbortSignal): Promise<RegistryAnswer>;
}

export interface HostOptions {
  /** The host as it stands in Docker's configuration. */
  readonly name: string;
  readonly url: URL;
  readonly repository: string;
  /** Whether the login of the environment is for this host. */
  readonly usesEnvironment: boolean;
  /** Whether the user has allowed that a login goes over http to another machine. */
  readonly allowsPlaintext: boolean;
  /** Where what is sent as a login is written down, to be kept out of messages. */
  readonly secrets: Secrets;
}

export function registryHost(
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
      // Also a token that has run out in the middle of a long download comes here. A registry that refuses the token
      // for the repository may have another name for it, which its challenge tells.
      for (const withScopeOfChallenge of [false, true]) {
        const challenge = challengeIn(answer);
        if (challenge === undefined || (withScopeOfChallenge && !namesOtherScope(challenge, repository))) {
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
        // The same again would be refused again, and may lock the account.
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

function otherHost(answered: URL, asked: URL): string | undefined {
  if (answered.origin === asked.origin) {
    return undefined;
  }
  return answered.host === asked.host ? answered.origin : answered.host;
}

/** A challenge counts only from the host that was asked: no other one is to get the login. */
function challengeIn({ message, redirectedTo }: RegistryAnswer): string | undefined {
  return message.statusCode === 401 && redirectedTo === undefined
    ? message.headers['www-authenticate']
    : undefined;
}

function withheld(host: string): FoundCredentials {
  return {
    credentials: undefined,
    origin: `no login is sent to ${host} over http`,
    fix: 'use a registry with TLS; --plain-http on the command line of make-sif sends the login over http all the same',
  };
}
