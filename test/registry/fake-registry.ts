import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openRegistry, type Registry, type RegistryAccess } from '../../src/registry/registry.ts';
import type { Context } from '../../src/support/context.ts';
import { testContext } from '../support/context.ts';

export interface FakeRegistry extends AsyncDisposable {
  readonly host: string;
  /** Requests: method, path, Authorization. */
  readonly asked: string[];
  /** Request bodies that are not empty. */
  readonly bodies: string[];
  open(overrides?: Partial<Context>, reference?: string, access?: RegistryAccess): Registry;
}

/**
 * Starts an HTTP server in place of a registry, for faults and forms of login that Debian's docker-registry does not
 * have.
 */
export async function fakeRegistry(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<FakeRegistry> {
  const asked: string[] = [];
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    asked.push([request.url ?? '', request.headers.authorization ?? ''].join(' ').trim());
    request.on('data', (chunk: Buffer) => {
      bodies.push(chunk.toString());
    });
    answer(request, response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    asked,
    bodies,
    open: (overrides = {}, reference = 'v1', access = {}) =>
      openRegistry(
        { host, repository: 'lab/x', reference },
        { plainHttp: true, ...access },
        testContext(overrides),
      ),
    [Symbol.asyncDispose]: () =>
      new Promise((closed) => {
        server.close(() => {
          closed();
        });
        server.closeAllConnections();
      }),
  };
}

export function reply(
  response: ServerResponse,
  status: number,
  body: string | Buffer | object = '',
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, headers);
  response.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body));
}
