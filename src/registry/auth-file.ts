import * as z from 'zod';
import { HpcGatError } from '../support/errors.ts';
import type { Credentials } from './credentials.ts';

/** Go's programs take null for nothing, and names of fields in any case; what has an odd type counts as nothing too. */
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

/** The logins of a file in the form of Docker's config.json, which Podman's auth.json has too. */
export type AuthFile = z.output<typeof fileSchema>;

/**
 * Parses the file. An entry that cannot be used costs no other one.
 *
 * @throws {HpcGatError} for what is no JSON object; never with its text, which holds secrets.
 */
export function parseAuthFile(content: string): AuthFile {
  let parsed: unknown;
  try {
    parsed = JSON.parse(content.replace(/^\ufeff/, ''));
  } catch {
    // Not an object either.
  }
  if (!isObject(parsed)) {
    throw new HpcGatError('not a configuration of Docker');
  }
  return fileSchema.parse(parsed);
}

function isObject(found: unknown): found is object {
  return typeof found === 'object' && found !== null && !Array.isArray(found);
}

/** Where a login is looked for, from the narrowest: HOST/NAMESPACE/NAME, HOST/NAMESPACE, HOST. */
export function scopesOf(host: string, repository: string): string[] {
  const parts = repository.split('/');
  const namespaces = parts.map((_, index) => parts.slice(0, parts.length - index).join('/'));
  return [...namespaces.map((namespace) => `${canonicalHost(host)}/${namespace}`), canonicalHost(host)];
}

/** What a key of the file is for, in the form of {@link scopesOf}. */
export function scopeOfKey(key: string): string {
  const bare = key.trim().replace(/^https?:\/\//i, '');
  const isAddress = bare !== key.trim() || /^[^/]+\/v[12]\/$/.test(bare);
  const [, host = '', namespace = ''] = /^([^/]*)(\/.*?)?\/*$/.exec(bare) ?? [];
  // An address, as https://index.docker.io/v1/, is for the host as a whole.
  return canonicalHost(host) + (isAddress ? '' : namespace);
}

/** Docker Hub has several names. */
function canonicalHost(host: string): string {
  const name = host.toLowerCase();
  return ['index.docker.io', 'registry-1.docker.io'].includes(name) ? 'docker.io' : name;
}

/** Keys of the file that are for one of the scopes, those of the narrowest first, and of one scope the exact one. */
export function keysFor(scopes: readonly string[], keys: readonly string[]): string[] {
  return scopes.flatMap((scope) =>
    keys.filter((key) => scopeOfKey(key) === scope).sort((a, b) => Number(b === scope) - Number(a === scope)),
  );
}

/** The login in an entry; undefined where there is none, as in those whose login a helper has. */
export function loginIn(entry: AuthFile['auths'][string] | undefined): Credentials | undefined {
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
