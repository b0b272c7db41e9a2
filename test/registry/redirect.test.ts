import { describe, expect, test } from '@jest/globals';
import path from 'node:path';
import { downloadBlob } from '../../src/registry/download.ts';
import { fetchManifest } from '../../src/registry/manifests.ts';
import { HpcGatError, UsageError } from '../../src/support/errors.ts';
import { testContext } from '../support/context.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { fakeRegistry, reply, type FakeRegistry } from './fake-registry.ts';
import { authFileFor, basicOf, loginEnv } from './logins.ts';

const quick = { now: () => new Date(), sleep: () => Promise.resolve() };
const never = new AbortController().signal;
const digest = `sha256:${'a'.repeat(64)}`;

/** Starts a storage host that requires a login of its own with this scheme. */
function greedyStorage(scheme: 'Basic' | 'Bearer'): Promise<FakeRegistry> {
  return fakeRegistry((request, response) => {
    if (request.url?.startsWith('/token') === true) {
      reply(response, 200, { token: 'of-the-storage' });
    } else {
      const realm = `http://${request.headers.host ?? ''}/token`;
      reply(response, 401, '', { 'www-authenticate': `${scheme} realm="${realm}",service="evil"` });
    }
  });
}

async function failureOf(work: Promise<unknown>): Promise<HpcGatError> {
  const error = await work.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(HpcGatError);
  return error as HpcGatError;
}

describe('a redirect to another host', () => {
  test.each([
    ['Basic', 'a password', { auth: Buffer.from('alice:se:cret').toString('base64') }],
    ['Bearer', 'a password', { auth: Buffer.from('alice:se:cret').toString('base64') }],
    ['Bearer', 'an identity token', { identitytoken: 'id-secret' }],
    ['Bearer', 'a registry token', { registrytoken: 'rt-secret' }],
  ] as const)('gets no login in answer to its %s challenge (%s)', async (scheme, _what, login) => {
    await using storage = await greedyStorage(scheme);
    await using registry = await fakeRegistry((request, response) => {
      if (request.url?.startsWith('/token') === true) {
        reply(response, 200, { token: 'T' });
      } else if (request.headers.authorization === undefined) {
        const realm = `http://${request.headers.host ?? ''}/token`;
        const header = `Basic realm="x", Bearer realm="${realm}"`;
        reply(response, 401, '', { 'www-authenticate': header });
      } else {
        reply(response, 307, '', { location: `http://${storage.host}/there` });
      }
    });
    const env = await authFileFor({ [registry.host]: login, [storage.host]: undefined });
    const opened = registry.open({ env, clock: quick });
    for (const fetching of [
      () => fetchManifest(opened, 'v1', [], never),
      () =>
        downloadBlob(
          opened,
          { digest, size: 4 },
          path.join(temporaryDirectory(), 'blob'),
          () => undefined,
          testContext(),
        ),
    ]) {
      const { message, fix } = await failureOf(fetching());
      expect(message).toMatch(`redirects`);
      expect(message).toMatch(`${storage.host}, which refuses it (HTTP status 401)`);
      expect(message + String(fix)).not.toMatch(/se:cret|id-secret|rt-secret/);
    }
    expect(storage.asked).toEqual(['/there', '/there']);
  });

  test('receives neither a password nor a token, even after a redirect back', async () => {
    await using storage = await fakeRegistry((_request, response) => {
      reply(response, 302, '', { location: `http://${registryHost}/v2/back` });
    });
    await using registry = await fakeRegistry((request, response) => {
      if (request.url === '/v2/back') {
        reply(response, 200, '{}');
      } else if (request.headers.authorization === undefined) {
        reply(response, 401, '', { 'www-authenticate': 'Basic realm="x"' });
      } else {
        reply(response, 302, '', { location: `http://${storage.host}/there` });
      }
    });
    const registryHost = registry.host;
    await fetchManifest(registry.open({ env: loginEnv }), 'v1', [], never);
    expect(storage.asked).toEqual(['/there']);
    expect(registry.asked.at(-1)).toBe('/v2/back');
  });
});

describe('a token service that redirects', () => {
  const statuses = [301, 302, 303, 307, 308];

  async function tokenRedirect(status: number, login: object | undefined, elsewhere: boolean) {
    await using other = await fakeRegistry((_request, response) => {
      reply(response, 200, { token: 'T' });
    });
    const otherHost = other.host;
    await using registry = await fakeRegistry((request, response) => {
      if (request.url?.startsWith('/token') === true) {
        reply(response, status, '', { location: elsewhere ? `http://${otherHost}/there` : '/elsewhere' });
      } else if (request.url === '/elsewhere') {
        reply(response, 200, { token: 'T' });
      } else if (request.headers.authorization === 'Bearer T') {
        reply(response, 200, '{}');
      } else {
        const realm = `http://${request.headers.host ?? ''}/token`;
        reply(response, 401, '', { 'www-authenticate': `Bearer realm="${realm}"` });
      }
    });
    const env = await authFileFor({ [registry.host]: login });
    const outcome = await fetchManifest(registry.open({ env, clock: quick }), 'v1', [], never).then(
      () => 'fetched' as const,
      (error: unknown) => error,
    );
    return { outcome, other: [...other.asked, ...other.bodies], own: registry.asked };
  }

  test.each(statuses)('with status %d gets no refresh token elsewhere', async (status) => {
    for (const elsewhere of [true, false]) {
      const { outcome, other, own } = await tokenRedirect(status, { identitytoken: 'id-secret' }, elsewhere);
      expect(outcome).toBeInstanceOf(HpcGatError);
      expect((outcome as HpcGatError).message).toMatch(/redirects a request that contains a login/);
      expect(other).toEqual([]);
      expect(own).not.toContain('/elsewhere');
    }
  });

  test('receives a password only at its own host', async () => {
    const password = { auth: Buffer.from('alice:se:cret').toString('base64') };
    const away = await tokenRedirect(307, password, true);
    expect((away.outcome as HpcGatError).message).toMatch(/redirects a request that contains a login to 127/);
    expect(away.other).toEqual([]);
    const within = await tokenRedirect(307, password, false);
    expect(within).toMatchObject({ outcome: 'fetched', other: [] });
    expect(within.own).toContain(`/elsewhere ${basicOf('alice', 'se:cret')}`);
  });

  test('is followed without a login', async () => {
    expect(await tokenRedirect(302, undefined, true)).toMatchObject({
      outcome: 'fetched',
      other: ['/there'],
    });
  });
});

describe('an odd redirect gives one clear error', () => {
  test.each([
    ['nothing', '', /redirects to something that is not an http or https address/],
    ['blanks', '   ', /redirects to something that is not an http/],
    ['no address', 'http://[', /redirects to something that is not an http/],
    ['an impossible port', 'http://127.0.0.1:99999/', /redirects to something that is not an http/],
    ['a file', 'file:///etc/passwd', /redirects to something that is not an http/],
    ['another scheme', 'ftp://127.0.0.1/x', /redirects to something that is not an http/],
    ['a script', 'javascript:alert(1)', /redirects to something that is not an http/],
    ['itself', '', /redirects more than 10 times/],
    [
      'a host that does not exist',
      'http://storage.invalid/x',
      /cannot find the host storage\.invalid, to which 127\.0\.0\.1:\d+ redirects/,
    ],
    [
      'a closed port',
      'http://127.0.0.1:1/x',
      /responds at 127\.0\.0\.1:1, to which 127\.0\.0\.1:\d+ redirects/,
    ],
  ])('to %s', async (what, location, expected) => {
    await using registry = await fakeRegistry((request, response) => {
      reply(response, 307, '', { location: what === 'itself' ? (request.url ?? '') : location });
    });
    const opened = registry.open({ clock: quick });
    const file = path.join(temporaryDirectory(), 'blob');
    for (const fetching of [
      fetchManifest(opened, 'v1', [], never),
      downloadBlob(opened, { digest, size: 4 }, file, () => undefined, testContext({ clock: quick })),
    ]) {
      const error = await failureOf(fetching);
      expect(error).not.toBeInstanceOf(UsageError);
      expect(error.message + String((error.cause as Error | undefined)?.message)).toMatch(expected);
    }
  });

  test('without Location, by its status', async () => {
    await using registry = await fakeRegistry((_request, response) => {
      reply(response, 302);
    });
    const error = await failureOf(fetchManifest(registry.open(), 'v1', [], never));
    expect(error.message).toMatch(/HTTP status 302/);
  });
});

describe('an odd realm gives one clear error', () => {
  test.each([
    ['', /names no valid address of a token service/],
    ['/token', /names no valid address .*: the realm is "\/token"/],
    ['garbage', /the realm is "garbage"/],
    ['file:///etc/passwd', /the realm is "file/],
    ['ftp://127.0.0.1/token', /the realm is "ftp/],
    ['http://', /the realm is "http/],
    ['http://[', /the realm is/],
    ['http://token.invalid/', /cannot find the host token\.invalid/],
    ['http://127.0.0.1:1/', /no registry responds at 127\.0\.0\.1:1, which 127/],
  ])('%s', async (realm, expected) => {
    await using registry = await fakeRegistry((_request, response) => {
      reply(response, 401, '', { 'www-authenticate': `Bearer realm="${realm}"` });
    });
    const error = await failureOf(fetchManifest(registry.open({ clock: quick }), 'v1', [], never));
    expect(error.message).toMatch(expected);
    expect(error).not.toBeInstanceOf(UsageError);
  });

  test.each(['T\n', 'a\r\nX: y', 'ä', '\u0000', '€'])(
    'for a token that no header can hold: %j',
    async (token) => {
      await using registry = await fakeRegistry((request, response) => {
        const realm = `http://${request.headers.host ?? ''}/token`;
        const isToken = request.url?.startsWith('/token') === true;
        reply(response, isToken ? 200 : 401, isToken ? { token } : '', {
          'www-authenticate': `Bearer realm="${realm}"`,
        });
      });
      const error = await failureOf(fetchManifest(registry.open(), 'v1', [], never));
      expect(error.message).toMatch(/returned a token .* that is not valid in an HTTP header/);
    },
  );
});
