import type { IncomingMessage } from 'node:http';
import type { Context } from '../support/context.ts';
import { HpcGatError, messageOf, UsageError } from '../support/errors.ts';
import { busyStatuses, isBroken, maxAttempts, pauseBefore } from './attempts.ts';
import type { FoundCredentials } from './credentials.ts';
import { registryHost, type RegistryHost } from './host.ts';
import type { HttpRequest } from './http.ts';
import { registryUrl, type RegistryReference } from './reference.ts';

/** One repository of a registry that speaks the OCI distribution-spec. */
export interface Registry {
  readonly reference: RegistryReference;
  /** Which credentials a refusal was met with, once one was. */
  readonly credentials: () => FoundCredentials | undefined;
  /**
   * The answer to a request below `/v2/REPOSITORY/`: of the first mirror that has it, else of the registry itself,
   * whatever its status then. A registry that is busy is asked again.
   *
   * @throws {UsageError} {HpcGatError} when nothing answers.
   */
  get(path: string, asked: HttpRequest, signal: AbortSignal): Promise<IncomingMessage>;
}

export interface RegistryAccess {
  /** Over http. */
  readonly plainHttp?: boolean;
  /** `[http[s]://]HOST[:PORT][/PREFIX]`, tried in this order before the registry itself. */
  readonly mirrors?: readonly string[];
}

export function openRegistry(
  reference: RegistryReference,
  { plainHttp = false, mirrors = [] }: RegistryAccess,
  context: Pick<Context, 'env' | 'run' | 'clock'>,
): Registry {
  const { host, repository } = reference;
  const origin = registryHost(host, new URL(registryUrl(host, plainHttp)), repository, context);
  const others = mirrors.map((mirror) => mirrorHost(mirror, repository, context));
  return {
    reference,
    credentials: origin.credentials,
    get: async (path, asked, signal) => {
      const mirrored = await firstAnswer(others, path, asked, signal);
      if (mirrored !== undefined) {
        return mirrored;
      }
      try {
        return await persistently(() => origin.get(path, asked, signal), context, signal);
      } catch (error) {
        signal.throwIfAborted();
        throw withMirrors(error, others);
      }
    },
  };
}

interface Mirror extends RegistryHost {
  readonly name: string;
  /** Why it was of no use last time; `down` when it is not worth asking again. */
  problem?: string;
  down?: boolean;
}

/** @throws {UsageError} for what is no address. */
function mirrorHost(text: string, repository: string, context: Pick<Context, 'env' | 'run'>): Mirror {
  const url = URL.parse(/^https?:\/\//.test(text) ? text : `https://${text}`);
  if (url === null || url.host === '') {
    throw new UsageError(`not the address of a mirror: ${text}`, {
      fix: 'write HOST[:PORT][/PREFIX], with http:// before it where it has no TLS, in registry.mirrors',
    });
  }
  const prefix = url.pathname.replace(/^\/+|\/+$/g, '');
  const below = prefix === '' ? repository : `${prefix}/${repository}`;
  return { name: url.host, ...registryHost(url.host, url, below, context) };
}

async function firstAnswer(
  mirrors: readonly Mirror[],
  path: string,
  asked: HttpRequest,
  signal: AbortSignal,
): Promise<IncomingMessage | undefined> {
  for (const mirror of mirrors.filter(({ down }) => down !== true)) {
    try {
      const answer = await mirror.get(path, asked, signal);
      if (answer.statusCode === 200 || answer.statusCode === 206) {
        return answer;
      }
      answer.resume();
      mirror.problem = `HTTP status ${answer.statusCode ?? 0}`;
    } catch (error) {
      signal.throwIfAborted();
      mirror.problem = messageOf(error);
      mirror.down = true;
    }
  }
  return undefined;
}

async function persistently(
  ask: () => Promise<IncomingMessage>,
  { clock }: Pick<Context, 'clock'>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  for (let attempt = 1; ; attempt += 1) {
    const isLast = attempt === maxAttempts - 1;
    try {
      const answer = await ask();
      if (isLast || !busyStatuses.includes(answer.statusCode)) {
        return answer;
      }
      answer.resume();
    } catch (error) {
      if (isLast || !isBroken(error)) {
        throw error;
      }
    }
    await clock.sleep(pauseBefore(attempt + 1), signal);
  }
}

function withMirrors(error: unknown, mirrors: readonly Mirror[]): unknown {
  const failed = mirrors.map(({ name, problem = 'not asked' }) => `${name} (${problem})`);
  if (failed.length === 0 || !(error instanceof HpcGatError)) {
    return error;
  }
  const Kind = error instanceof UsageError ? UsageError : HpcGatError;
  return new Kind(`${error.message}; its mirrors did not have it either: ${failed.join(', ')}`, {
    ...(error.fix !== undefined && { fix: error.fix }),
    cause: error.cause,
  });
}
