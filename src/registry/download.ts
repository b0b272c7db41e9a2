import type { IncomingMessage } from 'node:http';
import { open } from 'node:fs/promises';
import type { Context } from '../support/context.ts';
import { HpcGatError, messageOf } from '../support/errors.ts';
import { isPassing, maxAttempts, pauseBefore } from './attempts.ts';
import { readBody } from './http.ts';
import { blobRefusal } from './refusal.ts';
import type { Registry } from './registry.ts';

/** Without a byte for so long, a connection counts as dead. */
const idleTimeoutMs = 60_000;

export interface Blob {
  readonly digest: string;
  readonly size: number;
}

/**
 * Writes a blob into a new file. Whether it has the right digest is for the caller to see.
 *
 * @param onBytes told how many bytes came since the last call.
 * @throws {HpcGatError} as {@link blobChunks}.
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
    for await (const chunk of blobChunks(registry, blob, context)) {
      await handle.write(chunk);
      onBytes(chunk.length);
    }
  } finally {
    await handle.close();
  }
}

/**
 * The bytes of a blob as they come. A connection that breaks is taken up again where it broke (distribution-spec,
 * `Range`), after a pause that grows.
 *
 * @throws {HpcGatError} when the registry refuses, or the connection breaks again and again without bringing anything.
 */
export async function* blobChunks(
  registry: Registry,
  { digest, size }: Blob,
  { clock, signal }: Pick<Context, 'clock' | 'signal'>,
): AsyncGenerator<Buffer> {
  let done = 0;
  for (let attempt = 1; ; attempt += 1) {
    const before = done;
    try {
      for await (const chunk of chunksFrom(registry, digest, done, signal)) {
        done += chunk.length;
        if (done > size) {
          throw new HpcGatError(`${registry.reference.host} sends more for ${digest} than its ${size} bytes`);
        }
        yield chunk;
      }
      if (done === size) {
        return;
      }
      throw new BrokenOffError();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof BrokenOffError) && !isPassing(error)) {
        throw error;
      }
      // As long as something comes it goes on.
      attempt = done > before ? 1 : attempt;
      if (attempt === maxAttempts) {
        throw new HpcGatError(
          `the download of ${digest} from ${registry.reference.host} broke off at ${done} of ${size} bytes: ${messageOf(error)}`,
          { fix: 'try again', cause: error },
        );
      }
      await clock.sleep(pauseBefore(attempt + 1), signal);
    }
  }
}

class BrokenOffError extends Error {
  constructor() {
    super('it ended early');
  }
}

/** What one connection brings of a blob, behind the first `done` bytes. */
async function* chunksFrom(
  registry: Registry,
  digest: string,
  done: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const headers: Record<string, string> = done === 0 ? {} : { range: `bytes=${done}-` };
  const answer = await registry.get(`blobs/${digest}`, { headers }, signal);
  if (answer.statusCode !== 200 && answer.statusCode !== 206) {
    const { statusCode } = answer;
    throw blobRefusal({ statusCode, body: await readBody(answer, registry.reference) }, registry, digest);
  }
  // A registry that knows no ranges starts over.
  let known = answer.statusCode === 200 ? done : 0;
  for await (const chunk of watched(answer)) {
    const fresh = chunk.subarray(Math.min(known, chunk.length));
    known -= chunk.length - fresh.length;
    if (fresh.length > 0) {
      yield fresh;
    }
  }
}

/** Only who waits for bytes finds a connection dead: one that is not read from is as silent. */
async function* watched(answer: IncomingMessage): AsyncGenerator<Buffer> {
  answer.setTimeout(0);
  const chunks = answer[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    for (;;) {
      const timer = setTimeout(() => {
        const message = `nothing came for ${idleTimeoutMs / 1000} s`;
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
