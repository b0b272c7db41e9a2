import { status, type ServiceError } from '@grpc/grpc-js';
import { InferenceServerError } from './server-errors.ts';

export interface Attempt {
  /** Name of the method that was called. */
  name: string;
  url: string;
  timeoutMs: number;
  /** Path of the server's log. */
  log: string | undefined;
  /** True when the client has a certificate. */
  secure: boolean;
}

/**
 * Creates the error of a failed call, with a message of one line; null stands for an answer without content.
 */
export function createCallError(
  error: ServiceError | null,
  { name, url, timeoutMs, log, secure }: Attempt,
): InferenceServerError {
  const detail = oneLine(error?.details ?? 'an empty answer');
  const facts = {
    fix: "see the server's log",
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
      const sizes = /message larger than max \((?<actual>\d+) vs\.? (?<limit>\d+)\)/.exec(detail)?.groups;
      if (sizes !== undefined) {
        const message = `${url}: the answer to ${name} has ${sizes.actual ?? ''} bytes; the limit is ${sizes.limit ?? ''}`;
        return new InferenceServerError('too-large', message, detail, facts);
      }
      break;
    }
    case status.UNIMPLEMENTED:
      return new InferenceServerError('unsupported', `${url} does not support ${name}`, detail, facts);
    case status.UNAVAILABLE:
    case status.INTERNAL:
    case status.CANCELLED:
      if (isBrokenConnection(detail)) {
        const tlsFailure = findTlsFailure(detail);
        if (tlsFailure !== undefined) {
          const { reason, fix } = tlsFailure;
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
      break;
    default:
  }
  return new InferenceServerError('refused', `${url} refused ${name}: ${detail}`, detail, facts);
}

/** Formats Triton's message as one line: it may be a Python traceback, or empty. */
function oneLine(detail: string): string {
  return detail.trim() === '' ? 'it gave no reason' : detail.trim().replaceAll(/\s+/g, ' ');
}

/**
 * Returns whether a call that timed out was connected. grpc-js lists its progress before its own deadline; a
 * server that gives up reports so in other words.
 */
function wasConnected(detail: string): boolean {
  return !detail.startsWith('Deadline exceeded after') || detail.includes('remote_addr=');
}

/**
 * Returns whether the connection failed. Triton uses the same status codes for its own errors; only the text
 * distinguishes them.
 */
function isBrokenConnection(detail: string): boolean {
  return /No connection established|Connection dropped|Name resolution failed|RST_STREAM|Channel has been shut down|Call cancelled|\b(?:ECONN\w+|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)\b/.test(
    detail,
  );
}

/** Extracts the reason from grpc-js' sentence, without its time: "connect ECONNREFUSED 127.0.0.1:8001". */
function connectionFailure(detail: string, secure: boolean): string {
  const { reason = '' } =
    /Last error: (?:Error: )?(?<reason>.*?)(?: \([-\d]+T[\d:.]+Z\))?(?:\.? Resolution note:.*)?$/.exec(detail)
      ?.groups ?? {};
  if (reason.startsWith('Failed to connect')) {
    return secure
      ? 'the connection was closed during the TLS handshake: the server may not accept these credentials'
      : 'the connection was closed immediately: the server may require TLS (--credentials)';
  }
  return reason === '' || reason === 'null' ? detail : reason;
}

/** Recognizes OpenSSL's messages in grpc-js' sentence, which are permanent errors; undefined for any other. */
function findTlsFailure(detail: string): { reason: string; fix: string } | undefined {
  if (/wrong version number|packet length too long|tls_get_more_records/.test(detail)) {
    return { reason: 'the server does not use TLS', fix: 'omit --credentials if that is intended' };
  }
  if (/alert (?:certificate|bad certificate|unknown ca|access denied|handshake failure)/.test(detail)) {
    return { reason: "the server rejected the client's certificate", fix: anotherRun };
  }
  const problem =
    /Last error: Error: (?<problem>(?:certificate|self-signed certificate|unable to|Hostname\/IP)[^.]*)/.exec(
      detail,
    )?.groups?.problem;
  return problem === undefined
    ? undefined
    : { reason: `the server's certificate is not accepted: ${problem}`, fix: anotherRun };
}

const anotherRun = 'use the credentials of the run that serves there: hpc-gat endpoints';
