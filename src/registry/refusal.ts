import * as z from 'zod';
import { HpcGatError, UsageError } from '../support/errors.ts';
import { findNearest } from '../support/text/suggest.ts';
import { toPrintable } from '../support/text/printable.ts';
import type { Registry, WholeAnswer } from './registry.ts';

const errorsSchema = z.looseObject({ errors: z.array(z.looseObject({ message: z.string() })) });
const tagsSchema = z.looseObject({ tags: z.array(z.string()).nullish() });

type Refusal = Pick<WholeAnswer, 'statusCode' | 'headers' | 'body' | 'redirectedTo'>;

/** Creates the error for a refused request for a manifest, by tag or digest. */
export async function createManifestError(
  answer: Refusal,
  registry: Registry,
  reference: string,
  signal: AbortSignal,
): Promise<HpcGatError> {
  const what = `${registry.reference.repository}${reference.includes(':') ? '@' : ':'}${reference}`;
  return answer.statusCode === 404 ? notThere(registry, what, signal) : refusal(answer, registry, what);
}

/** Creates the error for a refused request for a blob of an existing image. */
export function createBlobError(answer: Refusal, registry: Registry, digest: string): HpcGatError {
  const { host, repository } = registry.reference;
  const what = `blob ${digest} of ${repository}`;
  return answer.statusCode === 404
    ? new HpcGatError(`${host} has no ${what}, although the manifest references it`, {
        fix: 'push the image again',
      })
    : refusal(answer, registry, what);
}

function refusal(
  { statusCode, headers, body, redirectedTo }: Refusal,
  registry: Registry,
  what: string,
): HpcGatError {
  const { host } = registry.reference;
  if (redirectedTo !== undefined) {
    return new HpcGatError(
      `${host} redirects ${what} to ${redirectedTo}, which refuses it (HTTP status ${statusCode})`,
      { fix: `try again later; hpc-gat sends the login only to ${host}, never to the target of a redirect` },
    );
  }
  switch (statusCode) {
    case 401:
    case 403:
      return refused(registry, what);
    case 429: {
      const after = headers['retry-after'];
      const advice =
        after === undefined ? '' : ` (it asks to wait: Retry-After: ${formatServerText(after, registry)})`;
      return new HpcGatError(`${host} limits the number of requests from this address${advice}`, {
        fix: `wait, or log in (\`docker login ${host}\`): accounts have higher limits`,
      });
    }
    default: {
      const messages = errorsSchema.safeParse(jsonOf(body)).data?.errors.map(({ message }) => message);
      const reason = messages === undefined ? '' : `: ${formatServerText(messages.join('; '), registry)}`;
      return new HpcGatError(`${host} answered with HTTP status ${statusCode} for ${what}${reason}`, {
        fix: 'try again later',
      });
    }
  }
}

/** Formats a text of a server for a message, with the login redacted in case the server repeats it. */
function formatServerText(text: string, registry: Registry): string {
  return toPrintable(registry.redact(text));
}

function refused({ reference: { host }, credentials }: Registry, what: string): HpcGatError {
  const found = credentials();
  const user = host === 'nvcr.io' ? ' (user $oauthtoken, password: your NGC API key)' : '';
  return found?.credentials === undefined
    ? new HpcGatError(
        `${host} requires a login for ${what}, or the image does not exist${found === undefined ? '' : `; ${found.origin}`}`,
        {
          fix:
            found?.fix ?? `\`docker login ${host}\` or \`apptainer registry login docker://${host}\`${user}`,
        },
      )
    : new HpcGatError(
        `${host} denies the user of ${found.origin} access to ${what}, or the image does not exist`,
        {
          fix: `log in again: \`docker login ${host}\`${user}; or ask for access`,
        },
      );
}

async function notThere(registry: Registry, what: string, signal: AbortSignal): Promise<UsageError> {
  const { host, repository, reference } = registry.reference;
  const tags = await listTags(registry, signal);
  const meant = findNearest(reference, tags);
  const some = tags
    .slice(-10)
    .map((tag) => formatServerText(tag, registry))
    .join(', ');
  return new UsageError(`${host} has no ${what}`, {
    fix:
      meant !== undefined
        ? `did you mean ${host}/${repository}:${formatServerText(meant, registry)}?`
        : tags.length > 0
          ? `it has ${some}${tags.length > 10 ? ' and others' : ''}`
          : `the repository ${repository} does not exist: check the name`,
  });
}

/** Lists the tags of the repository; empty when that fails, because the earlier failure is the one to report. */
async function listTags(registry: Registry, signal: AbortSignal): Promise<string[]> {
  try {
    const { statusCode, body } = await registry.read('tags/list', {}, signal);
    return (statusCode === 200 ? tagsSchema.safeParse(jsonOf(body)).data?.tags : undefined) ?? [];
  } catch {
    signal.throwIfAborted();
    return [];
  }
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
