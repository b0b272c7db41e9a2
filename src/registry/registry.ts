import type { IncomingHttpHeaders } from 'node:http';
import type { Context } from '../support/context.ts';
import { HpcGatError, getErrorMessage, UsageError } from '../support/errors.ts';
import { Attempts, BusyError, busyStatuses, isBroken, getRetryAfter, parseRetryAfter } from './attempts.ts';
import type { FoundCredentials } from './find-credentials.ts';
import { openRegistryHost, type RegistryAnswer, type RegistryHost } from './host.ts';
import { readBody } from './http.ts';
import type { HttpRequest } from './http-request.ts';
import { getRegistryUrl, type RegistryReference } from './reference.ts';
import { Secrets } from './secrets.ts';

/** Repository of a registry that implements the OCI distribution-spec. */
export interface Registry {
  readonly reference: RegistryReference;
  /** Returns the credentials that were used after a refusal, if there was one. */
  readonly credentials: () => FoundCredentials | undefined;
  /** Redacts logins in a text of a server. */
  readonly redact: (text: string) => string;
  /**
   * Sends a request below `/v2/REPOSITORY/` once. Returns the answer of the first mirror that succeeds, else that of
   * the registry itself, whatever its status.
   *
   * @throws {UsageError} {HpcGatError} if nothing responds.
   */
  get(path: string, request: HttpRequest, signal: AbortSignal): Promise<RegistryAnswer>;
  /** Sends a request and reads its small body; retries if the registry is busy or the connection breaks. */
  read(path: string, request: HttpRequest, signal: AbortSignal): Promise<WholeAnswer>;
}

export interface WholeAnswer extends Pick<RegistryAnswer, 'redirectedTo'> {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface RegistryAccess {
  /** True if the registry is accessed over http. */
  readonly plainHttp?: boolean;
  /** True if the command line requests http; otherwise no login is sent over http to another machine. */
  readonly allowsPlaintextLogin?: boolean;
  /** Mirrors `[http[s]://]HOST[:PORT][/PREFIX]`, tried in this order before the registry itself. */
  readonly mirrors?: readonly string[];
}

export function openRegistry(
  reference: RegistryReference,
  { plainHttp = false, allowsPlaintextLogin = false, mirrors = [] }: RegistryAccess,
  context: Pick<Context, 'env' | 'run' | 'clock'>,
): Registry {
  const { host, repository } = reference;
  const secrets = new Secrets();
  const origin = openRegistryHost(
    {
      name: host,
      url: new URL(getRegistryUrl(host, plainHttp)),
      repository,
      usesEnvironment: true,
      allowsPlaintext: allowsPlaintextLogin,
      secrets,
    },
    context,
  );
  const others = mirrors.map((mirror) => mirrorHost(mirror, repository, secrets, context));
  const requestFromMirrorsFirst = async <Taken>(
    path: string,
    request: HttpRequest,
    signal: AbortSignal,
    take: Take<Taken>,
    once: (host: RegistryHost) => Promise<Taken>,
  ): Promise<Taken> => {
    const mirrored = await firstAnswer(others, path, request, signal, take);
    if (mirrored !== undefined) {
      return mirrored;
    }
    try {
      return await once(origin);
    } catch (error) {
      signal.throwIfAborted();
      throw withMirrors(error, others);
    }
  };
  return {
    reference,
    credentials: origin.credentials,
    redact: (text) => secrets.redact(text),
    get: (path, request, signal) =>
      requestFromMirrorsFirst(
        path,
        request,
        signal,
        (answer) => Promise.resolve(answer),
        (from) => from.get(path, request, signal),
      ),
    read: (path, request, signal) =>
      requestFromMirrorsFirst(path, request, signal, wholeAnswer, (from) =>
        persistently(from, path, request, context, signal),
      ),
  };
}

async function wholeAnswer(answer: RegistryAnswer): Promise<WholeAnswer> {
  const { statusCode = 0, headers } = answer.message;
  return { statusCode, headers, body: await readBody(answer), redirectedTo: answer.redirectedTo };
}

/** Converts a successful answer to the result. */
type Take<Taken> = (answer: RegistryAnswer) => Promise<Taken>;

interface Mirror extends RegistryHost {
  readonly name: string;
  /** Reason for the last failure; `down` is set if no further request is worthwhile. */
  problem?: string;
  down?: boolean;
}

/** @throws {UsageError} for an invalid address. */
function mirrorHost(
  text: string,
  repository: string,
  secrets: Secrets,
  context: Pick<Context, 'env' | 'run' | 'clock'>,
): Mirror {
  const url = URL.parse(/^https?:\/\//.test(text) ? text : `https://${text}`);
  if (url === null || url.host === '') {
    throw new UsageError(`invalid address of a mirror: ${text.replace(/^(\w+:\/\/)?.*@/, '$1***@')}`, {
      fix: 'write HOST[:PORT][/PREFIX] in registry.mirrors, with http:// before it for a mirror without TLS',
    });
  }
  const prefix = url.pathname.replace(/^\/+|\/+$/g, '');
  const host = openRegistryHost(
    {
      name: url.host,
      url,
      repository: prefix === '' ? repository : `${prefix}/${repository}`,
      usesEnvironment: false,
      allowsPlaintext: false,
      secrets,
    },
    context,
  );
  return { name: url.host, ...host };
}

async function firstAnswer<Taken>(
  mirrors: readonly Mirror[],
  path: string,
  request: HttpRequest,
  signal: AbortSignal,
  take: Take<Taken>,
): Promise<Taken | undefined> {
  for (const mirror of mirrors.filter(({ down }) => down !== true)) {
    try {
      const answer = await mirror.get(path, request, signal);
      const { statusCode = 0 } = answer.message;
      if (statusCode === 200 || statusCode === 206) {
        return await take(answer);
      }
      answer.message.destroy();
      mirror.problem = `HTTP status ${statusCode}`;
    } catch (error) {
      signal.throwIfAborted();
      mirror.problem = getErrorMessage(error);
      mirror.down = true;
    }
  }
  return undefined;
}

async function persistently(
  host: RegistryHost,
  path: string,
  request: HttpRequest,
  { clock }: Pick<Context, 'clock'>,
  signal: AbortSignal,
): Promise<WholeAnswer> {
  const attempts = new Attempts();
  for (;;) {
    let pause;
    try {
      const answer = await wholeAnswer(await host.get(path, request, signal));
      if (!busyStatuses.includes(answer.statusCode)) {
        return answer;
      }
      pause = attempts.next(parseRetryAfter(answer.headers, clock.now()));
      if (pause === undefined) {
        return answer;
      }
    } catch (error) {
      pause = isBroken(error) ? attempts.next(getRetryAfter(error)) : undefined;
      if (pause === undefined) {
        throw error;
      }
    }
    await clock.sleep(pause, signal);
  }
}

function withMirrors(error: unknown, mirrors: readonly Mirror[]): unknown {
  const failed = mirrors.map(({ name, problem = 'not asked' }) => `${name} (${problem})`);
  if (failed.length === 0 || !(error instanceof HpcGatError)) {
    return error;
  }
  const message = `${error.message}; its mirrors failed too: ${failed.join(', ')}`;
  const facts = { ...(error.fix !== undefined && { fix: error.fix }), cause: error.cause };
  if (error instanceof BusyError) {
    return new BusyError(message, { ...facts, retryAfterMs: error.retryAfterMs });
  }
  return error instanceof UsageError ? new UsageError(message, facts) : new HpcGatError(message, facts);
}
