import { describe, expect, test } from '@jest/globals';
import { authorize } from '../../src/registry/authorization.ts';
import { fetchManifest } from '../../src/registry/manifests.ts';
import { getRedirectTarget } from '../../src/registry/redirect.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import { Secrets } from '../../src/registry/secrets.ts';
import { HpcGatError } from '../../src/support/errors.ts';
import { testContext } from '../support/context.ts';
import { fakeRegistry, reply, type FakeRegistry } from './fake-registry.ts';
import { authFileFor, basicOf, loginEnv } from './logins.ts';

const never = new AbortController().signal;
const secret = basicOf('alice', 'se:cret');
const stored = { auth: Buffer.from('alice:se:cret').toString('base64') };

/** Starts a server that requires a password; as a proxy, it answers for every host that is reached over http. */
function closedRegistry(): Promise<FakeRegistry> {
  return fakeRegistry((request, response) => {
    const isIn = request.headers.authorization === secret;
    reply(response, isIn ? 200 : 401, '{}', { 'www-authenticate': 'Basic realm="x"' });
  });
}

const reach = (registry: ReturnType<typeof openRegistry>) =>
  fetchManifest(registry, 'v1', [], never).then(
    () => 'fetched',
    (error: unknown) => error as HpcGatError,
  );

describe('the login in the environment', () => {
  test('is sent to the registry of the source, and to no mirror', async () => {
    await using mirror = await closedRegistry();
    await using registry = await closedRegistry();
    const opened = registry.open({ env: { ...loginEnv, HOME: '/nowhere' } }, 'v1', {
      mirrors: [`http://${mirror.host}`],
    });
    expect(await reach(opened)).toBe('fetched');
    expect(mirror.asked).toEqual(['/v2/lab/x/manifests/v1']);
    expect(registry.asked.at(-1)).toContain(secret);
  });
});

describe('over plaintext http to another machine', () => {
  const open = (host: string, proxy: string, env: Record<string, string>, access = {}) =>
    openRegistry(
      { host, repository: 'lab/x', reference: 'v1' },
      { plainHttp: true, ...access },
      testContext({ env: { ...env, http_proxy: `http://${proxy}` } }),
    );

  test.each([
    ['of the environment', () => Promise.resolve({ ...loginEnv, HOME: '/nowhere' })],
    ['that Docker has', () => authFileFor({ 'registry.test': stored })],
  ])('a login %s is sent when the command line asks for http', async (_what, envOf) => {
    await using proxy = await closedRegistry();
    const env = await envOf();
    const error = await reach(open('registry.test', proxy.host, env));
    expect(error).toMatchObject({
      message: expect.stringMatching(/no login is sent to registry\.test over http/),
      fix: expect.stringMatching(/--plain-http/),
    });
    expect(proxy.asked.join()).not.toContain('Basic');
    const asked = open('registry.test', proxy.host, env, { allowsPlaintextLogin: true });
    expect(await reach(asked)).toBe('fetched');
  });

  test('a mirror gets no login, not even its own, whatever the command line asks for', async () => {
    await using proxy = await closedRegistry();
    const env = await authFileFor({ 'mirror.test': stored });
    const access = { mirrors: ['http://mirror.test'], allowsPlaintextLogin: true };
    expect(await reach(open('registry.test', proxy.host, env, access))).toBeInstanceOf(HpcGatError);
    expect(proxy.asked.filter((line) => line.includes('mirror.test'))).toEqual([
      'http://mirror.test/v2/lab/x/manifests/v1',
    ]);
  });

  test('a token service named by a registry on this machine gets no login', async () => {
    await using proxy = await closedRegistry();
    await using registry = await fakeRegistry((_request, response) => {
      reply(response, 401, '', { 'www-authenticate': 'Bearer realm="http://token.test/token"' });
    });
    const env = { ...(await authFileFor({ [registry.host]: stored })), http_proxy: proxy.host };
    const error = await reach(registry.open({ env }));
    expect((error as HpcGatError).message).toMatch(/sent to http:\/\/token\.test without encryption/);
    expect(proxy.asked).toEqual([]);
  });

  test('no login is sent to the token service of a registry with TLS, and anonymous requests are', async () => {
    await using service = await fakeRegistry((_request, response) => {
      reply(response, 200, { token: 'T' });
    });
    const header = `Bearer realm="http://${service.host}/token"`;
    const login = {
      registry: new URL('https://registry.test'),
      repository: 'lab/x',
      credentials: undefined,
      allowsPlaintext: true,
      withScopeOfChallenge: false,
      secrets: new Secrets(),
    };
    expect(await authorize(header, login, testContext())).toBe('Bearer T');
    const credentials = { kind: 'identity-token', token: 'id-secret' } as const;
    await expect(authorize(header, { ...login, credentials }, testContext())).rejects.toThrow(
      /without encryption/,
    );
    expect(service.bodies).toEqual([]);
    expect(service.asked).toHaveLength(1);
  });
});

test('a redirect from https to http is followed only for content with a digest', () => {
  const answer = { statusCode: 307, headers: { location: 'http://storage.test/x' } };
  const from = new URL('https://registry.test/v2/x');
  expect(getRedirectTarget(answer, from, { isVerified: true })?.href).toBe('http://storage.test/x');
  expect(() => getRedirectTarget(answer, from, {})).toThrow(/http:\/\/storage\.test, which is not encrypted/);
});

test('a login that a server echoes is redacted in messages', async () => {
  await using registry = await fakeRegistry((request, response) => {
    const { authorization } = request.headers;
    const isIn = authorization !== undefined;
    const text = `no: ${authorization ?? ''} se:cret ${encodeURIComponent('se:cret')}`;
    reply(
      response,
      isIn ? 418 : 401,
      { errors: [{ message: text }] },
      { 'www-authenticate': 'Basic realm="x"' },
    );
  });
  const error = (await reach(registry.open({ env: loginEnv }))) as HpcGatError;
  expect(error.message).toMatch(/HTTP status 418 .*: no: Basic \*\*\* \*\*\* \*\*\*$/);
});
