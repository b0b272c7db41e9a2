import { open } from 'node:fs/promises';
import type { Context } from '../support/context.ts';
import { codeOf, HpcGatError, messageOf } from '../support/errors.ts';
import { refusal } from './refusal.ts';
import type { Registry } from './registry.ts';

const maxAttempts = 5;
const pauseMs = 1000;

/**
 * Writes a blob into a new file. A connection that breaks is taken up again where it broke (distribution-spec,
 * `Range`). Whether it has the right digest is for the caller to see.
 *
 * @param onBytes told how many bytes came since the last call; less than none when a registry starts over.
 * @throws {HpcGatError} when the registry refuses, or the connection breaks again and again.
 */
export async function downloadBlob(
  registry: Registry,
  { digest, size }: { readonly digest: string; readonly size: number },
  file: string,
  onBytes: (bytes: number) => void,
  { clock, signal }: Pick<Context, 'clock' | 'signal'>,
): Promise<void> {
  const handle = await open(file, 'wx');
  let done = 0;
  try {
    for (let attempt = 1; ; attempt += 1) {
      const before = done;
      try {
        const headers: Record<string, string> = done === 0 ? {} : { range: `bytes=${done}-` };
        const answer = await registry.get(`blobs/${digest}`, { headers }, signal);
        if (answer.statusCode !== 200 && answer.statusCode !== 206) {
          throw await refusal(answer, registry, `blob ${digest} of ${registry.reference.repository}`, signal);
        }
        if (answer.statusCode === 200 && done > 0) {
          onBytes(-done);
          done = 0;
        }
        for await (const chunk of answer) {
          const bytes = chunk as Buffer;
          await handle.write(bytes, 0, bytes.length, done);
          done += bytes.length;
          onBytes(bytes.length);
          if (done > size) {
            throw new HpcGatError(`${registry.url.host} sends more for ${digest} than its ${size} bytes`);
          }
        }
        if (done === size) {
          return;
        }
        throw new BrokenOffError();
      } catch (error) {
        signal.throwIfAborted();
        if (!isBroken(error)) {
          throw error;
        }
        // As long as something comes it goes on.
        attempt = done > before ? 1 : attempt;
        if (attempt === maxAttempts) {
          throw new HpcGatError(
            `the download of ${digest} from ${registry.url.host} broke off at ${done} of ${size} bytes: ${messageOf(error)}`,
            { fix: 'try again', cause: error },
          );
        }
        await clock.sleep(pauseMs, signal);
      }
    }
  } finally {
    await handle.close();
  }
}

class BrokenOffError extends Error {
  constructor() {
    super('it ended early');
  }
}

function isBroken(error: unknown): boolean {
  const code = codeOf(error instanceof HpcGatError ? error.cause : error) ?? '';
  return (
    error instanceof BrokenOffError || ['ECONNRESET', 'ECONNREFUSED', 'ETIMEDOUT', 'EPIPE'].includes(code)
  );
}
