import type { IncomingMessage } from 'node:http';
import type { Context } from '../support/context.ts';
import { authorize } from './authorization.ts';
import { findCredentials, type FoundCredentials } from './credentials.ts';
import { send, type HttpRequest } from './http.ts';
import { registryUrl, type RegistryReference } from './reference.ts';

/** One repository of a registry that speaks the OCI distribution-spec. */
export interface Registry {
  readonly url: URL;
  readonly reference: RegistryReference;
  /** Which credentials a refusal was met with, once one was. */
  readonly credentials: () => FoundCredentials | undefined;
  /** The answer to a request below `/v2/REPOSITORY/`, whatever its status; logs in when it is asked to. */
  get(path: string, asked: HttpRequest, signal: AbortSignal): Promise<IncomingMessage>;
}

export function openRegistry(
  reference: RegistryReference,
  plainHttp: boolean,
  context: Pick<Context, 'env' | 'run' | 'signal'>,
): Registry {
  const url = new URL(registryUrl(reference.host, plainHttp));
  let authorization: string | undefined;
  let found: FoundCredentials | undefined;
  return {
    url,
    reference,
    credentials: () => found,
    get: async (path, asked, signal) => {
      const within = { ...context, signal };
      const target = new URL(`/v2/${reference.repository}/${path}`, url);
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
      found ??= await findCredentials(reference.host, within);
      authorization = await authorize(challenge, found.credentials, url, reference.repository, within);
      if (authorization === undefined) {
        return answer;
      }
      answer.resume();
      return attempt();
    },
  };
}
