import { status, type ServiceError } from '@grpc/grpc-js';
import { InferenceServerError } from './errors.ts';

export interface Attempt {
  /** The method that was called. */
  name: string;
  url: string;
  timeoutMs: number;
  /** The server's log. */
  log: string | undefined;
}

/** What went wrong with a call, in one line; null stands for an answer without content. */
export function failedCall(
  error: ServiceError | null,
  { name, url, timeoutMs, log }: Attempt,
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
    case status.UNIMPLEMENTED:
      return new InferenceServerError('unsupported', `${url} does not know ${name}`, detail, facts);
    case status.UNAVAILABLE:
    case status.INTERNAL:
    case status.CANCELLED:
      if (isBrokenConnection(detail)) {
        const reason = connectionFailure(detail);
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
function connectionFailure(detail: string): string {
  const { reason = '' } =
    /Last error: (?:Error: )?(?<reason>.*?)(?: \([-\d]+T[\d:.]+Z\))?(?:\.? Resolution note:.*)?$/.exec(detail)
      ?.groups ?? {};
  return reason === '' || reason === 'null' ? detail : reason;
}
