import path from 'node:path';
import * as z from 'zod';
import type { Context } from '../support/context.ts';
import { HpcGatError, messageOf } from '../support/errors.ts';
import { readTextIfPresent } from '../support/files.ts';

/** A user's name and password, or a token that stands for both (OAuth 2 refresh token). */
export type Credentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  | { readonly kind: 'identity-token'; readonly token: string };

export interface FoundCredentials {
  readonly credentials: Credentials | undefined;
  /** Where they are from, or where none were, for messages; never the credentials themselves. */
  readonly origin: string;
}

const configSchema = z.looseObject({
  auths: z
    .record(z.string(), z.looseObject({ auth: z.string().optional(), identitytoken: z.string().optional() }))
    .optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
  credsStore: z.string().optional(),
});

type DockerConfig = z.output<typeof configSchema>;

/**
 * What the user has for a registry: `APPTAINER_DOCKER_USERNAME` and `_PASSWORD`, else what `docker login` or
 * `apptainer registry login` left, in the file or with a credential helper.
 */
export async function findCredentials(
  host: string,
  context: Pick<Context, 'env' | 'run' | 'signal'>,
): Promise<FoundCredentials> {
  const { env } = context;
  for (const prefix of ['APPTAINER', 'SINGULARITY']) {
    const username = env[`${prefix}_DOCKER_USERNAME`] ?? '';
    const password = env[`${prefix}_DOCKER_PASSWORD`] ?? '';
    if (username !== '' && password !== '') {
      const credentials = { kind: 'password', username, password } as const;
      return { credentials, origin: `${prefix}_DOCKER_USERNAME and ${prefix}_DOCKER_PASSWORD` };
    }
  }
  const home = env.HOME ?? '/';
  const docker = path.join(env.DOCKER_CONFIG ?? path.join(home, '.docker'), 'config.json');
  const problems: string[] = [];
  for (const file of [docker, path.join(home, '.apptainer', 'docker-config.json')]) {
    try {
      const text = await readTextIfPresent(file);
      const config = text && parseJson(configSchema, text, 'a configuration of Docker');
      const credentials = config && (await inConfig(config, host, context));
      if (credentials) {
        return { credentials, origin: file };
      }
    } catch (error) {
      context.signal.throwIfAborted();
      problems.push(`${file} cannot be used: ${messageOf(error)}`);
    }
  }
  return {
    credentials: undefined,
    origin: problems.length === 0 ? `${docker} has none for ${host}` : problems.join('; '),
  };
}

async function inConfig(
  config: DockerConfig,
  host: string,
  context: Pick<Context, 'env' | 'run' | 'signal'>,
): Promise<Credentials | undefined> {
  const keys = keysOf(host);
  const helper = keys.map((key) => config.credHelpers?.[key]).find((name) => name !== undefined);
  const helped = await askHelper(helper ?? config.credsStore, keys, context);
  if (helped !== undefined) {
    return helped;
  }
  const entries = Object.entries(config.auths ?? {});
  for (const [key, { auth, identitytoken }] of entries) {
    if (keys.includes(key.replace(/^https?:\/\//, '').replace(/\/.*$/, ''))) {
      if (identitytoken !== undefined && identitytoken !== '') {
        return { kind: 'identity-token', token: identitytoken };
      }
      const [, username, password] =
        /^([^:]+):([^]*)$/.exec(
          Buffer.from(auth ?? '', 'base64')
            .toString('utf8')
            .replace(/\0+$/, ''),
        ) ?? [];
      if (username !== undefined && password !== undefined) {
        return { kind: 'password', username, password };
      }
    }
  }
  return undefined;
}

/** Docker Hub stands in Docker's files under the address of its first registry. */
function keysOf(host: string): string[] {
  return host === 'docker.io'
    ? ['https://index.docker.io/v1/', 'index.docker.io', 'docker.io', 'registry-1.docker.io']
    : [host];
}

const helperTimeoutMs = 10_000;
const answerSchema = z.object({ Username: z.string(), Secret: z.string() });

/** `docker-credential-NAME get`, the protocol of docker/docker-credential-helpers: the host goes to its stdin. */
async function askHelper(
  name: string | undefined,
  [host = '']: readonly string[],
  { env, run, signal }: Pick<Context, 'env' | 'run' | 'signal'>,
): Promise<Credentials | undefined> {
  if (name === undefined || !/^[\w.-]+$/.test(name)) {
    return undefined;
  }
  const options = { env, input: host, timeoutMs: helperTimeoutMs, signal };
  const result = await run(`docker-credential-${name}`, ['get'], options);
  if (result.exitCode !== 0) {
    // Most often "credentials not found in native keychain": the file may have them.
    return undefined;
  }
  const { Username, Secret } = parseJson(
    answerSchema,
    result.stdout,
    `an answer of docker-credential-${name}`,
  );
  return Username === '<token>'
    ? { kind: 'identity-token', token: Secret }
    : { kind: 'password', username: Username, password: Secret };
}

/** The text itself never gets into a message: it holds secrets. */
function parseJson<Schema extends z.ZodType>(schema: Schema, text: string, what: string): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new HpcGatError(`not ${what}`);
  }
}
