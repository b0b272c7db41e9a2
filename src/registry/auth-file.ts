import * as z from 'zod';
import { HpcGatError } from '../support/errors.ts';
import type { Credentials } from './registry-credentials.ts';

/** Schema of a text field as Go's programs decode it: null and other types are empty, and names match in any case. */
const text = z
  .string()
  .catch('')
  .transform((found) => found.trim());
const record = <Value extends z.ZodType>(value: Value) => z.record(z.string(), value);
const byLowerCase = (found: unknown) =>
  isObject(found)
    ? Object.fromEntries(Object.entries(found).map(([key, value]) => [key.toLowerCase(), value]))
    : {};

const entrySchema = z.preprocess(
  byLowerCase,
  z.looseObject({
    auth: text,
    username: z.string().catch(''),
    password: z.string().catch(''),
    identitytoken: text,
    registrytoken: text,
  }),
);
const fileSchema = z.preprocess(
  byLowerCase,
  z.looseObject({
    auths: record(entrySchema).catch({}),
    credhelpers: record(text).catch({}),
    credsstore: text,
  }),
);

/** Logins of a file in the format of Docker's config.json, which is also that of Podman's auth.json. */
export type AuthFile = z.output<typeof fileSchema>;

/**
 * Parses the file. An unusable entry does not invalidate the others.
 *
 * @throws {HpcGatError} when the text is not a JSON object; the message never contains the text, which holds secrets.
 */
export function parseAuthFile(content: string): AuthFile {
  let parsed: unknown;
  try {
    parsed = JSON.parse(content.replace(/^\ufeff/, ''));
  } catch {
    // The text is not an object either.
  }
  if (!isObject(parsed)) {
    throw new HpcGatError('not a configuration of Docker');
  }
  return fileSchema.parse(parsed);
}

function isObject(found: unknown): found is object {
  return typeof found === 'object' && found !== null && !Array.isArray(found);
}

/** Returns the scopes in which a login is searched for, narrowest first: HOST/NAMESPACE/NAME, HOST/NAMESPACE, HOST. */
export function listScopes(host: string, repository: string): string[] {
  const parts = repository.split('/');
  const namespaces = parts.map((_, index) => parts.slice(0, parts.length - index).join('/'));
  return [...namespaces.map((namespace) => `${canonicalHost(host)}/${namespace}`), canonicalHost(host)];
}

/** Returns the scope of a key of the file, in the form of {@link listScopes}. */
export function parseScope(key: string): string {
  const bare = key.trim().replace(/^https?:\/\//i, '');
  const isAddress = bare !== key.trim() || /^[^/]+\/v[12]\/$/.test(bare);
  const [, host = '', namespace = ''] = /^([^/]*)(\/.*?)?\/*$/.exec(bare) ?? [];
  // An address, such as https://index.docker.io/v1/, applies to the whole host.
  return canonicalHost(host) + (isAddress ? '' : namespace);
}

/** Returns one name for the several names of Docker Hub. */
function canonicalHost(host: string): string {
  const name = host.toLowerCase();
  return ['index.docker.io', 'registry-1.docker.io'].includes(name) ? 'docker.io' : name;
}

/** Returns the keys of the file that match one of the scopes: the narrowest scope first, within it the exact key first. */
export function findKeys(scopes: readonly string[], keys: readonly string[]): string[] {
  return scopes.flatMap((scope) =>
    keys.filter((key) => parseScope(key) === scope).sort((a, b) => Number(b === scope) - Number(a === scope)),
  );
}

/** Returns the login of an entry; undefined for an entry without one, whose login a helper may store. */
export function parseLogin(entry: AuthFile['auths'][string] | undefined): Credentials | undefined {
  if (entry === undefined) {
    return undefined;
  }
  if (entry.registrytoken !== '') {
    return { kind: 'registry-token', token: entry.registrytoken };
  }
  if (entry.identitytoken !== '') {
    return { kind: 'identity-token', token: entry.identitytoken };
  }
  const decoded = Buffer.from(entry.auth, 'base64').toString('utf8').replace(/\0+$/, '');
  const [, username, password] = /^([^:]+):([^]*)$/.exec(decoded) ?? [];
  if (username !== undefined && password !== undefined) {
    return { kind: 'password', username, password };
  }
  return entry.username !== '' && entry.password !== ''
    ? { kind: 'password', username: entry.username, password: entry.password }
    : undefined;
}
