import { describe, expect, test } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fetchManifest } from '../../src/registry/manifests.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import { HpcGatError } from '../../src/support/errors.ts';
import { testContext } from '../support/context.ts';
import { fakeRegistry, reply } from './fake-registry.ts';

const never = new AbortController().signal;
const quick = { now: () => new Date(), sleep: () => Promise.resolve() };

async function failure(env: Record<string, string>, plainHttp: boolean): Promise<HpcGatError> {
  const registry = openRegistry(
    { host: 'registry.test', repository: 'x', reference: 'v1' },
    { plainHttp },
    testContext({ env, clock: quick }),
  );
  const error = await fetchManifest(registry, 'v1', [], never).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(HpcGatError);
  const { message, fix } = error as HpcGatError;
  expect(message + String(fix)).not.toContain('hidden');
  return error as HpcGatError;
}

/** Starts a proxy that answers CONNECT requests with this status. */
async function tunnelRefusing(status: number): Promise<AsyncDisposable & { address: string }> {
  const server: Server = createServer();
  server.on('connect', (_request, socket) => {
    socket.end(`HTTP/1.1 ${status} No\r\nProxy-Authenticate: Basic realm="p"\r\n\r\n`);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((closed) => {
        server.close(() => {
          closed();
        });
      }),
  };
}

test.each(['http_proxy', 'HTTP_PROXY', 'ALL_PROXY'])('%s without a scheme is used', async (name) => {
  await using proxy = await fakeRegistry((_request, response) => {
    reply(response, 200, '{}');
  });
  const registry = openRegistry(
    { host: 'registry.test', repository: 'x', reference: 'v1' },
    { plainHttp: true },
    testContext({ env: { [name]: proxy.host } }),
  );
  await fetchManifest(registry, 'v1', [], never);
  expect(proxy.asked).toEqual(['http://registry.test/v2/x/manifests/v1']);
});

describe('a proxy that requires a login', () => {
  test.each([
    [
      '',
      /^the proxy 127\.0\.0\.1:\d+ requires a login \(HTTP status 407\)$/,
      /HTTPS?_PROXY=http:\/\/USER:PASSWORD@127/,
    ],
    ['user:hidden@', /rejects the user and password in HTTPS?_PROXY/, /correct them/],
  ])('is reported with the fix (with "%s" before its address)', async (login, message, fix) => {
    await using proxy = await fakeRegistry((_request, response) => {
      reply(response, 407, '', { 'proxy-authenticate': 'Basic realm="p"' });
    });
    const overHttp = await failure({ HTTP_PROXY: `http://${login}${proxy.host}` }, true);
    await using tunnel = await tunnelRefusing(407);
    const overTls = await failure({ HTTPS_PROXY: `http://${login}${tunnel.address}` }, false);
    for (const error of [overHttp, overTls]) {
      expect(error.message).toMatch(message);
      expect(error.fix).toMatch(fix);
    }
  });
});

test.each([
  [403, /does not connect to registry\.test \(HTTP status 403\)/],
  [502, /does not connect to registry\.test \(HTTP status 502\)/],
])('a proxy that answers with %d is reported by name', async (status, message) => {
  await using tunnel = await tunnelRefusing(status);
  expect((await failure({ https_proxy: `user:hidden@${tunnel.address}` }, false)).message).toMatch(message);
});

test('an error names an unreachable proxy instead of the registry', async () => {
  const error = await failure({ https_proxy: 'user:hidden@127.0.0.1:1' }, false);
  expect(error.message).toBe('the proxy 127.0.0.1:1 cannot be reached (ECONNREFUSED)');
});
