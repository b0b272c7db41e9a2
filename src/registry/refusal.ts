import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { HpcGatError, UsageError } from '../support/errors.ts';
import { nearest } from '../support/nearest.ts';
import { readBody } from './http.ts';
import type { Registry } from './registry.ts';

const maxBodyBytes = 4 * 1024 * 1024;
const errorsSchema = z.looseObject({ errors: z.array(z.looseObject({ message: z.string() })) });
const tagsSchema = z.looseObject({ tags: z.array(z.string()).nullish() });

/** What a status other than success means for the user. */
export async function refusal(
  answer: IncomingMessage,
  registry: Registry,
  what: string,
  signal: AbortSignal,
): Promise<HpcGatError> {
  const { host } = registry.reference;
  const body = await readBody(answer, maxBodyBytes);
  switch (answer.statusCode) {
    case 401:
    case 403:
      return refused(registry, what);
    case 404:
      return notThere(registry, what, signal);
    case 429:
      return new HpcGatError(`${host} has answered enough requests from here for now`, {
        fix: `wait, or log in (\`docker login ${host}\`): accounts may ask more often`,
      });
    default: {
      const said = errorsSchema.safeParse(jsonOf(body)).data?.errors.map(({ message }) => message);
      return new HpcGatError(
        `${host} answered with HTTP status ${answer.statusCode ?? 0} for ${what}${said === undefined ? '' : `: ${said.join('; ')}`}`,
        { fix: 'try again later' },
      );
    }
  }
}

function refused({ reference: { host }, credentials }: Registry, what: string): HpcGatError {
  const found = credentials();
  const user = host === 'nvcr.io' ? ' (user $oauthtoken, password: your NGC API key)' : '';
  return found?.credentials === undefined
    ? new HpcGatError(
        `${host} wants a login for ${what}, or there is no such image; ${found?.origin ?? ''}`,
        {
          fix: `\`docker login ${host}\` or \`apptainer registry login docker://${host}\`${user}`,
        },
      )
    : new HpcGatError(`${host} refuses ${what} to the user of ${found.origin}, or there is no such image`, {
        fix: `log in anew: \`docker login ${host}\`${user}; or ask for access`,
      });
}

async function notThere(registry: Registry, what: string, signal: AbortSignal): Promise<UsageError> {
  const { host, repository, reference } = registry.reference;
  const answer = await registry.get('tags/list', {}, signal);
  const body = jsonOf(await readBody(answer, maxBodyBytes));
  const tags = (answer.statusCode === 200 ? tagsSchema.safeParse(body).data?.tags : undefined) ?? [];
  const meant = nearest(reference, tags);
  const some = tags.slice(-10).join(', ');
  return new UsageError(`${host} has no ${what}`, {
    fix:
      meant !== undefined
        ? `did you mean ${host}/${repository}:${meant}?`
        : tags.length > 0
          ? `it has ${some}${tags.length > 10 ? ' and others' : ''}`
          : `there is no ${repository} at all: check the name`,
  });
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
