import { codeOf, HpcGatError } from '../support/errors.ts';

/** In a row, without anything coming: then it is given up. */
export const maxAttempts = 5;

/** Milliseconds before an attempt, counted from 1: 1, 2, 4, 8 seconds. */
export function pauseBefore(attempt: number): number {
  return 1000 * 2 ** (attempt - 2);
}

/** Answers of a service that is busy, or just being started anew. */
export const busyStatuses: readonly (number | undefined)[] = [429, 500, 502, 503, 504];

/** A service says that it is busy, or just being started anew. */
export class BusyError extends HpcGatError {}

const brokenCodes = ['ECONNRESET', 'EPIPE', 'EAI_AGAIN'];
const silentCodes = ['ECONNREFUSED', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'];

/** Whether a connection broke that may hold the next time, or a service was busy that may not be then. */
export function isBroken(error: unknown): boolean {
  return error instanceof BusyError || brokenCodes.includes(systemCode(error));
}

/** The same for a host that has answered before: that it is silent now may pass too. */
export function isPassing(error: unknown): boolean {
  return isBroken(error) || silentCodes.includes(systemCode(error));
}

function systemCode(error: unknown): string {
  return codeOf(error instanceof HpcGatError ? error.cause : error) ?? '';
}
