import { status, type ServiceError } from '@grpc/grpc-js';
import { InferenceServerError } from './server-errors.ts';

export interface Attempt {
  /** The method that was called. */
  name: string;
  url: string;
  timeoutMs: number;
  /** The server's log. */
  log: string | undefined;
  /** Whether the client has a certificate to show. */
  secure: boolean;
}

/** What went wrong with a call, in one line; null stands for an answer without content. */
export function createCallError(
  error: ServiceError | null,
  { name, url, timeoutMs, log, secure }: Attempt,
): InferenceServerError {
  const detail = oneLine(error?.details ?? 'an empty answer');
  const facts = {
    fix: "look into the server's log",
    ...(log !== undefined && { log }),
    cause: error,
  };
  switch (error?.code) {
    case status.DEADLINE_EXCEEDED: {
      const reason = wasConnected(detail) ? 'connected, but no answer' : 'no connection';
      const message = `${url}: ${name}: ${reason} within ${timeoutMs / 1000} s`;
      return new InferenceServerError('deadline', message, `${reason} in time`, facts);
    }
    case status.RESOURCE_EXHAUSTED: {
      const sizes = /message larger than max \((?<came>\d+) vs\.? (?<limit>\d+)\)/.exec(detail)?.groups;
      if (sizes !== undefined) {
        const message = `${url}: the answer to ${name} has ${sizes.came ?? ''} bytes, at most ${sizes.limit ?? ''} were expected`;
        return new InferenceServerError('too-large', message, detail, facts);
      }
      break;
    }
    case status.UNIMPLEMENTED:
      return new InferenceServerError('unsupported', `${url} does not know ${name}`, detail, facts);
    case status.UNAVAILABLE:
    case status.INTERNAL:
    case status.CANCELLED:
      if (isBrokenConnection(detail)) {
        const mistrust = findTlsFailure(detail);
        if (mistrust !== undefined) {
          const { reason, fix } = mistrust;
          const message = `${url}: no answer to ${name}: ${reason}`;
          return new InferenceServerError('untrusted', message, reason, { ...facts, fix });
        }
        const reason = connectionFailure(detail, secure);
        return new InferenceServerError(
          'unreachable',
          `${url}: no answer to ${name}: ${reason}`,
          reason,
          facts,
        );
      }
  }
  return new InferenceServerError('refused', `${url} refused ${name}: ${detail}`, detail, facts);
}

/** Triton hands on Python tracebacks and sometimes says nothing at all. */
function oneLine(detail: string): string {
  return detail.trim() === '' ? 'it gave no reason' : detail.trim().replaceAll(/\s+/g, ' ');
}

/** grpc-js lists how far it came before its own deadline; a server that gives up says so in other words. */
function wasConnected(detail: string): boolean {
  return !detail.startsWith('Deadline exceeded after') || detail.includes('remote_addr=');
}

/** Triton uses the same status codes for errors of its own; only the text tells them apart. */
function isBrokenConnection(detail: string): boolean {
  return /No connection established|Connection dropped|Name resolution failed|RST_STREAM|Channel has been shut down|Call cancelled|\b(?:ECONN\w+|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)\b/.test(
    detail,
  );
}

/** The reason within grpc-js' sentence, without its time: "connect ECONNREFUSED 127.0.0.1:8001". */
function connectionFailure(detail: string, secure: boolean): string {
  const { reason = '' } =
    /Last error: (?:Error: )?(?<reason>.*?)(?: \([-\d]+T[\d:.]+Z\))?(?:\.? Resolution note:.*)?$/.exec(detail)
      ?.groups ?? {};
  if (reason.startsWith('Failed to connect')) {
    return secure
      ? 'the connection was closed during the TLS handshake: the server may not take these credentials'
      : 'the connection was closed at once: the server may want TLS, with --credentials';
  }
  return reason === '' || reason === 'null' ? detail : reason;
}

/** OpenSSL's words in grpc-js' sentence. What they tell does not change by waiting. */
function findTlsFailure(detail: string): { reason: string; fix: string } | undefined {
  if (/wrong version number|packet length too long|tls_get_more_records/.test(detail)) {
    return { reason: 'the server does not speak TLS', fix: 'leave out --credentials, if that is right' };
  }
  if (/alert (?:certificate|bad certificate|unknown ca|access denied|handshake failure)/.test(detail)) {
    return { reason: "the server refused the client's certificate", fix: anotherRun };
  }
  const problem =
    /Last error: Error: (?<problem>(?:certificate|self-signed certificate|unable to|Hostname\/IP)[^.]*)/.exec(
      detail,
    )?.groups?.problem;
  return problem === undefined
    ? undefined
    : { reason: `the server's certificate is not accepted: ${problem}`, fix: anotherRun };
}

const anotherRun = 'take the credentials of the run that serves there: hpc-gat endpoints';
