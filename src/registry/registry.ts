import type { IncomingMessage } from 'node:http';
import type { Context } from '../support/context.ts';
import { HpcGatError, messageOf, UsageError } from '../support/errors.ts';
import { busyStatuses, isBroken, maxAttempts, pauseBefore } from './attempts.ts';
import type { FoundCredentials } from './credentials.ts';
import { registryHost, type RegistryHost } from './host.ts';
import { readBody, type HttpRequest } from './http.ts';
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
  /** The same, with a body that is small, read to its end: where the connection breaks before that, it is asked again. */
  read(path: string, asked: HttpRequest, signal: AbortSignal): Promise<WholeAnswer>;
}

export interface WholeAnswer extends Pick<IncomingMessage, 'statusCode' | 'headers'> {
  readonly body: Buffer;
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
  const ask = async <Taken>(
    path: string,
    asked: HttpRequest,
    signal: AbortSignal,
    take: Take<Taken>,
  ): Promise<Taken> => {
    const mirrored = await firstAnswer(others, path, asked, signal, take);
    if (mirrored !== undefined) {
      return mirrored;
    }
    try {
      return await persistently(origin, path, asked, context, signal, take);
    } catch (error) {
      signal.throwIfAborted();
      throw withMirrors(error, others);
    }
  };
  return {
    reference,
    credentials: origin.credentials,
    get: (path, asked, signal) => ask(path, asked, signal, (answer) => Promise.resolve(answer)),
    read: (path, asked, signal) =>
      ask(path, asked, signal, async (answer, { url }) => {
        const { statusCode, headers } = answer;
        return { statusCode, headers, body: await readBody(answer, url) };
      }),
  };
}

/** What is wanted of an answer that is neither a refusal of a mirror nor one of a host that is busy. */
type Take<Taken> = (answer: IncomingMessage, from: RegistryHost) => Promise<Taken>;

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

async function firstAnswer<Taken>(
  mirrors: readonly Mirror[],
  path: string,
  asked: HttpRequest,
  signal: AbortSignal,
  take: Take<Taken>,
): Promise<Taken | undefined> {
  for (const mirror of mirrors.filter(({ down }) => down !== true)) {
    try {
      const answer = await mirror.get(path, asked, signal);
      if (answer.statusCode === 200 || answer.statusCode === 206) {
        return await take(answer, mirror);
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

async function persistently<Taken>(
  host: RegistryHost,
  path: string,
  asked: HttpRequest,
  { clock }: Pick<Context, 'clock'>,
  signal: AbortSignal,
  take: Take<Taken>,
): Promise<Taken> {
  for (let attempt = 1; ; attempt += 1) {
    const isLast = attempt === maxAttempts - 1;
    try {
      const answer = await host.get(path, asked, signal);
      if (isLast || !busyStatuses.includes(answer.statusCode)) {
        return await take(answer, host);
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
