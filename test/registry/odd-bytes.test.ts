import { expect, test } from '@jest/globals';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { downloadBlob } from '../../src/registry/download.ts';
import { fetchManifest } from '../../src/registry/manifests.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import { HpcGatError } from '../../src/support/errors.ts';
import { testContext } from '../support/context.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const quick = { now: () => new Date(), sleep: () => Promise.resolve() };

test.each([
  ['nothing', ''],
  ['a greeting of another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['no number', 'HTTP/1.1 two hundred\r\n\r\n'],
  ['a status out of range', 'HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n'],
  ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx'],
  ['a broken chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
  ['a header without end', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}`],
  ['too many headers', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(50_000)}\r\n`],
  ['a zero byte in a header', 'HTTP/1.1 200 OK\r\nX: \u0000\r\n\r\n'],
  [
    'another protocol to switch to',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
  ],
  ['a cut line', 'HTTP/1.1 200 OK\r\nContent-Len'],
  ['no content', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ['not modified', 'HTTP/1.1 304 Not Modified\r\n\r\n'],
  ['choices', 'HTTP/1.1 300 Multiple Choices\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n'],
  ['a challenge of garbage', 'HTTP/1.1 401 No\r\nWWW-Authenticate: \xff"=,\\\r\nContent-Length: 0\r\n\r\n'],
  ['a redirect of garbage', 'HTTP/1.1 307 No\r\nLocation: \xff\xfe://\r\nContent-Length: 0\r\n\r\n'],
])(
  'the answer %s gives one clear error',
  async (_what, bytes) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(Buffer.from(bytes, 'latin1')));
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const registry = openRegistry(
      { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, repository: 'x', reference: 'v1' },
      { plainHttp: true },
      testContext({ env: {}, clock: quick }),
    );
    const file = path.join(temporaryDirectory(), 'blob');
    const context = testContext({ clock: quick });
    for (const fetching of [
      () => fetchManifest(registry, 'v1', [], context.signal),
      () => downloadBlob(registry, { digest, size: 4 }, file, () => undefined, context),
    ]) {
      const error = await fetching().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(HpcGatError);
      expect((error as HpcGatError).exitCode).toBe(1);
      expect((error as HpcGatError).message).not.toMatch(/[\r\n]/);
    }
    await new Promise((closed) => server.close(closed));
  },
  10_000,
);
