import { describe, expect, test } from '@jest/globals';
import { parseChallenges } from '../../src/registry/challenge.ts';
import { fetchManifest } from '../../src/registry/manifests.ts';
import { fakeRegistry, reply } from './fake-registry.ts';
import { basicOf, loginEnv } from './logins.ts';

const never = new AbortController().signal;
const secret = basicOf('alice', 'se:cret');

test.each<[string, [string, Record<string, string>][]]>([
  ['Basic', [['basic', {}]]],
  ['Bearer realm="https://a/t",service="x, y"', [['bearer', { realm: 'https://a/t', service: 'x, y' }]]],
  ['BEARER Realm="https://a/t",SERVICE=gcr.io', [['bearer', { realm: 'https://a/t', service: 'gcr.io' }]]],
  ['bearer realm=https://a:1/t?b=c, service=x', [['bearer', { realm: 'https://a:1/t?b=c', service: 'x' }]]],
  ['Bearer  realm = "https://a/t" ,\tservice = x ', [['bearer', { realm: 'https://a/t', service: 'x' }]]],
  ['Bearer realm="https://a/t" service="x"', [['bearer', { realm: 'https://a/t', service: 'x' }]]],
  ['Bearer realm="https://a/t",scope=""', [['bearer', { realm: 'https://a/t', scope: '' }]]],
  [
    'Bearer realm="https://a/t",scope=,service=x',
    [['bearer', { realm: 'https://a/t', scope: '', service: 'x' }]],
  ],
  ['Basic realm="a \\"b\\", \\\\c"', [['basic', { realm: 'a "b", \\c' }]]],
  ['Basic realm="open', [['basic', { realm: 'open' }]]],
  ['Bearer realm="https://a/1",realm="https://a/2"', [['bearer', { realm: 'https://a/1' }]]],
  [
    'Bearer error="invalid_token",error_description="the realm=\\"x\\", no",realm="https://a/t"',
    [['bearer', { error: 'invalid_token', error_description: 'the realm="x", no', realm: 'https://a/t' }]],
  ],
  [
    'Negotiate, Basic realm="x"',
    [
      ['negotiate', {}],
      ['basic', { realm: 'x' }],
    ],
  ],
  [
    'Negotiate YII=, Digest abcd==,Bearer realm="https://a/t"',
    [
      ['negotiate', {}],
      ['digest', {}],
      ['bearer', { realm: 'https://a/t' }],
    ],
  ],
  [
    'Basic realm="x", charset="UTF-8", Bearer realm="https://a/t",service="y"',
    [
      ['basic', { realm: 'x', charset: 'UTF-8' }],
      ['bearer', { realm: 'https://a/t', service: 'y' }],
    ],
  ],
  [', ,Basic realm="x",,', [['basic', { realm: 'x' }]]],
  ['', []],
  ['realm="x"', []],
  ['="', []],
])('the challenges of %j are parsed', (header, expected) => {
  const found = parseChallenges(header).map(({ scheme, parameters }) => [
    scheme,
    Object.fromEntries(parameters),
  ]);
  expect(found).toEqual(expected);
});

test('a long header is parsed in linear time', () => {
  const begin = performance.now();
  for (const text of ['"\\', 'a=,', 'Basic ', '= ', 'Bearer realm="', 'x ']) {
    parseChallenges(text.repeat(5000));
  }
  expect(performance.now() - begin).toBeLessThan(1000);
});

describe('a registry that requires a login', () => {
  /** Fetches from a registry that accepts the tokens of its service for these queries, or the password. */
  async function fetchFrom(
    challenges: (realm: string) => string | string[],
    tokenFor: (query: URLSearchParams) => object,
    env: Record<string, string> = {},
  ) {
    await using registry = await fakeRegistry((request, response) => {
      if (request.url?.startsWith('/token') === true) {
        const answer = tokenFor(new URL(request.url, 'http://x').searchParams);
        reply(response, 200, answer);
      } else if (['Bearer T', secret].includes(request.headers.authorization ?? '')) {
        reply(response, 200, '{}');
      } else {
        const realm = `http://${request.headers.host ?? ''}/token`;
        response.setHeader('www-authenticate', challenges(realm));
        reply(response, 401);
      }
    });
    const opened = registry.open({ env: { HOME: '/nowhere', ...env } });
    const outcome = await fetchManifest(opened, 'v1', [], never).then(
      () => 'fetched',
      (error: unknown) => (error as Error).message,
    );
    return { outcome, asked: registry.asked };
  }
  const always = () => ({ token: 'T' });

  test.each<[string, (realm: string) => string | string[], Record<string, string>]>([
    ['by Basic and Bearer in two headers', (realm) => ['Basic realm="x"', `Bearer realm="${realm}"`], {}],
    ['by Basic and Bearer in one header', (realm) => `Basic realm="x", Bearer realm="${realm}"`, {}],
    ['behind Negotiate', (realm) => ['Negotiate', `Bearer realm=${realm}`], {}],
    ['by a Bearer without a usable realm, or Basic', () => 'Bearer realm="x", Basic realm="y"', loginEnv],
    ['in capitals', () => 'BASIC REALM="y"', loginEnv],
  ])('is logged in to: %s', async (_what, challenges, env) => {
    expect((await fetchFrom(challenges, always, env)).outcome).toBe('fetched');
  });

  test('is reported when no offered scheme is supported', async () => {
    const { outcome } = await fetchFrom(() => 'Negotiate, Digest', always, loginEnv);
    expect(outcome).toMatch(/requires a login by negotiate, digest, which hpc-gat does not support/);
  });

  test.each([
    ['empty', ''],
    ['of another image', 'repository:user/image:pull'],
    ['of everything', '*'],
  ])('gets a token for the image itself where the scope of the challenge is %s', async (_what, scope) => {
    const { outcome, asked } = await fetchFrom(
      (realm) => `Bearer realm="${realm}?account=a,b=c",service="x y",scope="${scope}"`,
      (query) => ({ token: query.get('scope') === 'repository:lab/x:pull' ? 'T' : 'other' }),
    );
    expect(outcome).toBe('fetched');
    expect(asked[1]).toBe('/token?account=a,b=c&service=x+y&scope=repository%3Alab%2Fx%3Apull');
    expect(asked).toHaveLength(3);
  });

  test('gets a token for the scope of its challenge too', async () => {
    const { outcome, asked } = await fetchFrom(
      (realm) => `Bearer realm="${realm}",scope="repository:remote/lab/x:pull"`,
      (query) => ({ token: query.getAll('scope').includes('repository:remote/lab/x:pull') ? 'T' : 'other' }),
    );
    expect(outcome).toBe('fetched');
    expect(asked[3]).toBe(
      `/token?scope=${['lab/x', 'remote/lab/x'].map((name) => encodeURIComponent(`repository:${name}:pull`)).join('&scope=')}`,
    );
  });

  test.each([
    [{ token: '', access_token: 'T' }],
    [{ token: null, access_token: 'T' }],
    [{ token: 7, access_token: 'T' }],
    [{ token: 'T', access_token: '' }],
    [{ token: 'T', access_token: null, expires_in: null, issued_at: null }],
  ])('gives a token in %j', async (answer) => {
    expect(
      (
        await fetchFrom(
          (realm) => `Bearer realm="${realm}"`,
          () => answer,
        )
      ).outcome,
    ).toBe('fetched');
  });

  test.each([[{}], [{ token: '', access_token: null }], [[]]])('gives no token in %j', async (answer) => {
    const { outcome } = await fetchFrom(
      (realm) => `Bearer realm="${realm}"`,
      () => answer,
    );
    expect(outcome).toMatch(/returned no token/);
  });
});
