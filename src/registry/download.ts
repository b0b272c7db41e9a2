import type { IncomingMessage } from 'node:http';
import { open } from 'node:fs/promises';
import type { Context } from '../support/context.ts';
import { HpcGatError, getErrorMessage } from '../support/errors.ts';
import {
  Attempts,
  BusyError,
  busyStatuses,
  isTemporary,
  getRetryAfter,
  parseRetryAfter,
} from './attempts.ts';
import { readBody } from './http.ts';
import { createBlobError } from './refusal.ts';
import type { Registry } from './registry.ts';

/** Time without data after which a connection counts as dead. */
const idleTimeoutMs = 60_000;

export interface Blob {
  readonly digest: string;
  readonly size: number;
}

/**
 * Writes a blob into a new file. The caller checks its digest.
 *
 * @param onBytes receives the number of bytes since the last call.
 * @throws {HpcGatError} as {@link downloadChunks}.
 */
export async function downloadBlob(
  registry: Registry,
  blob: Blob,
  file: string,
  onBytes: (bytes: number) => void,
  context: Pick<Context, 'clock' | 'signal'>,
): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    for await (const chunk of downloadChunks(registry, blob, context)) {
      await handle.write(chunk);
      onBytes(chunk.length);
    }
  } finally {
    await handle.close();
  }
}

/**
 * Yields the bytes of a blob as they arrive. A broken connection is resumed at its last byte (distribution-spec,
 * `Range`), after increasing pauses.
 *
 * @throws {HpcGatError} if the registry refuses, or if the connection breaks repeatedly without progress.
 */
export async function* downloadChunks(
  registry: Registry,
  { digest, size }: Blob,
  { clock, signal }: Pick<Context, 'clock' | 'signal'>,
): AsyncGenerator<Buffer> {
  const attempts = new Attempts();
  const position: Position = { done: 0, ranges: true };
  for (;;) {
    const before = position.done;
    try {
      for await (const chunk of chunksFrom(registry, digest, position, clock, signal)) {
        position.done += chunk.length;
        if (position.done > size) {
          throw new HpcGatError(`${registry.reference.host} sent more than the ${size} bytes of ${digest}`);
        }
        yield chunk;
      }
      if (position.done === size) {
        return;
      }
      throw new BrokenOffError('it ended early');
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof BrokenOffError) && !isTemporary(error)) {
        throw error;
      }
      // Every progress resets the number of attempts.
      if (position.done > before) {
        attempts.restart();
      }
      const pause = attempts.next(getRetryAfter(error));
      if (pause === undefined) {
        throw error instanceof BusyError ? error : brokenOff(registry, digest, position.done, size, error);
      }
      await clock.sleep(pause, signal);
    }
  }
}

/** Progress of the download of a blob. */
interface Position {
  done: number;
  /** True if the registry supports range requests for the rest. */
  ranges: boolean;
}

class BrokenOffError extends Error {}

function brokenOff(
  { reference: { host } }: Registry,
  digest: string,
  done: number,
  size: number,
  error: unknown,
) {
  return new HpcGatError(
    `the download of ${digest} from ${host} broke off at ${done} of ${size} bytes: ${getErrorMessage(error)}`,
    { fix: 'try again', cause: error },
  );
}

/** Yields the bytes of a blob that one connection delivers, after those of earlier connections. */
async function* chunksFrom(
  registry: Registry,
  digest: string,
  position: Position,
  clock: Context['clock'],
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const { done, ranges } = position;
  const headers: Record<string, string> = done > 0 && ranges ? { range: `bytes=${done}-` } : {};
  const answer = await registry.get(`blobs/${digest}`, { headers }, signal);
  const { statusCode = 0, headers: answered } = answer.message;
  if (statusCode === 416 && headers.range !== undefined) {
    answer.message.destroy();
    position.ranges = false;
    throw new BrokenOffError('the server does not send a part of the blob');
  }
  if (statusCode !== 200 && statusCode !== 206) {
    const { redirectedTo } = answer;
    const refusal = createBlobError(
      { statusCode, headers: answered, body: await readBody(answer), redirectedTo },
      registry,
      digest,
    );
    throw busyStatuses.includes(statusCode)
      ? new BusyError(refusal.message, {
          ...(refusal.fix !== undefined && { fix: refusal.fix }),
          retryAfterMs: parseRetryAfter(answered, clock.now()),
        })
      : refusal;
  }
  // A registry that does not support ranges starts over.
  let known = done - (statusCode === 206 ? startOf(answered['content-range'], done) : 0);
  if (known < 0) {
    answer.message.destroy();
    throw new BrokenOffError('the server sent another part of the blob than requested');
  }
  for await (const chunk of watched(answer.message)) {
    const fresh = chunk.subarray(Math.min(known, chunk.length));
    known -= chunk.length - fresh.length;
    if (fresh.length > 0) {
      yield fresh;
    }
  }
}

/** Returns the offset of a part (RFC 9110, Content-Range); the requested offset if the header names none. */
function startOf(range: string | undefined, requested: number): number {
  return Number(/^bytes (\d+)-/i.exec(range ?? '')?.[1] ?? requested);
}

/**
 * Yields the body, with a timeout only while the caller waits for data: a connection that is not read receives
 * nothing.
 */
async function* watched(answer: IncomingMessage): AsyncGenerator<Buffer> {
  answer.setTimeout(0);
  const chunks = answer[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    for (;;) {
      const timer = setTimeout(() => {
        const message = `no data arrived for ${idleTimeoutMs / 1000} s`;
        answer.destroy(Object.assign(new Error(message), { code: 'ETIMEDOUT' }));
      }, idleTimeoutMs);
      const next = await chunks.next().finally(() => {
        clearTimeout(timer);
      });
      if (next.done === true) {
        return;
      }
      yield next.value;
    }
  } finally {
    answer.destroy();
  }
}
