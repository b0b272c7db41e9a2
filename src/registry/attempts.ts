import type { IncomingHttpHeaders } from 'node:http';
import { getErrorCode, HpcGatError, type ErrorFacts } from '../support/errors.ts';

/** Maximum number of consecutive attempts without progress. */
export const maxAttempts = 5;

/** Total time that one request waits because of Retry-After, in milliseconds. */
export const maxRequestedMs = 60_000;

/** Retry policy of a request: number of attempts, and pauses between them. */
export class Attempts {
  #made = 1;
  #requestedMs = 0;

  /**
   * Returns the milliseconds until the next attempt: 1, 2, 4 and 8 seconds, or the delay that the answer requests;
   * undefined if the attempts, or the total of requested delays, are used up.
   */
  next(retryAfterMs = 0): number | undefined {
    const left = maxRequestedMs - this.#requestedMs;
    if (this.#made === maxAttempts || (retryAfterMs > 0 && left === 0)) {
      return undefined;
    }
    const pause = 1000 * 2 ** (this.#made - 1);
    this.#made += 1;
    if (retryAfterMs <= pause) {
      return pause;
    }
    const requested = Math.min(retryAfterMs, left);
    this.#requestedMs += requested;
    return Math.max(pause, requested);
  }

  /** Resets the count after progress. */
  restart(): void {
    this.#made = 1;
    this.#requestedMs = 0;
  }
}

/**
 * Returns the delay that an answer requests, in milliseconds (RFC 9110, Retry-After); a date is compared with its
 * Date.
 */
export function parseRetryAfter(headers: IncomingHttpHeaders, now: Date): number {
  const text = headers['retry-after']?.trim() ?? '';
  if (/^\d+$/.test(text)) {
    return Number(text) * 1000;
  }
  const ms = Date.parse(text) - (Date.parse(headers.date ?? '') || now.getTime());
  return ms > 0 ? ms : 0;
}

/** Status codes of a service that is busy or restarting. */
export const busyStatuses: readonly (number | undefined)[] = [429, 500, 502, 503, 504];

/** Error for a service that is busy or restarting. */
export class BusyError extends HpcGatError {
  /** Delay that the service requests, in milliseconds. */
  readonly retryAfterMs: number;

  constructor(message: string, facts: ErrorFacts & { retryAfterMs?: number } = {}) {
    super(message, facts);
    this.retryAfterMs = facts.retryAfterMs ?? 0;
  }
}

/** Returns the delay that the service of an error requests, in milliseconds. */
export function getRetryAfter(error: unknown): number {
  return error instanceof BusyError ? error.retryAfterMs : 0;
}

const brokenCodes = ['ECONNRESET', 'EPIPE', 'EAI_AGAIN'];
const silentCodes = ['ECONNREFUSED', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'];

/** Returns whether a retry may succeed: the connection broke, or the service was busy. */
export function isBroken(error: unknown): boolean {
  return error instanceof BusyError || brokenCodes.includes(systemCode(error));
}

/**
 * Returns whether a retry may succeed for a host that has responded before, and may be unreachable only temporarily.
 */
export function isTemporary(error: unknown): boolean {
  return isBroken(error) || silentCodes.includes(systemCode(error));
}

function systemCode(error: unknown): string {
  return getErrorCode(error instanceof HpcGatError ? error.cause : error) ?? '';
}
