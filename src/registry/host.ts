import type { IncomingMessage } from 'node:http';
import type { Context } from '../support/context.ts';
import { authorize } from './authorization.ts';
import { findCredentials, type FoundCredentials } from './credentials.ts';
import { send, type HttpRequest } from './http.ts';

/** A host that has a repository: the registry itself, or a mirror of it. */
export interface RegistryHost {
  readonly url: URL;
  /** Which credentials a refusal was met with, once one was. */
  readonly credentials: () => FoundCredentials | undefined;
  /** The answer to a request below `/v2/REPOSITORY/`, whatever its status; logs in when it is asked to. */
  get(path: string, asked: HttpRequest, signal: AbortSignal): Promise<IncomingMessage>;
}

/** @param name of the host, as it stands in Docker's configuration. */
export function registryHost(
  name: string,
  url: URL,
  repository: string,
  context: Pick<Context, 'env' | 'run'>,
): RegistryHost {
  let authorization: string | undefined;
  let found: FoundCredentials | undefined;
  return {
    url,
    credentials: () => found,
    get: async (path, asked, signal) => {
      const within = { ...context, signal };
      const target = new URL(`/v2/${repository}/${path}`, url);
      const attempt = () =>
        send(
          target,
          { ...asked, headers: { ...asked.headers, ...(authorization !== undefined && { authorization }) } },
          within,
        );
      const answer = await attempt();
      const challenge = answer.headers['www-authenticate'];
      if (answer.statusCode !== 401 || challenge === undefined) {
        return answer;
      }
      // Also a token that has run out in the middle of a long download comes here.
      found ??= await findCredentials(name, within);
      authorization = await authorize(challenge, found.credentials, url, repository, within);
      if (authorization === undefined) {
        return answer;
      }
      answer.resume();
      return attempt();
    },
  };
}
