import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { OciBytes } from '../../image/oci-bytes.ts';
import { noise } from '../../image/noise.ts';
import { tarEnd, tarEntry } from '../../image/tar-bytes.ts';
import { Reply } from './reply.ts';
import type { RedirectTarget, Scenario, Trouble } from './scenario.ts';
import { writeChallenge } from './write-challenge.ts';

type Kind = 'token' | 'manifest' | 'config' | 'blob';
export type ServerName = 'registry' | 'service' | 'storage' | 'greedy' | 'mirror';
export const serverNames: readonly ServerName[] = ['registry', 'service', 'storage', 'greedy', 'mirror'];

const contents = [noise(70_000, 1), noise(20_000, 2)].map((content, index) =>
  Buffer.concat([tarEntry(`f${index}`, content), tarEnd]),
);
const oci = new OciBytes();
const manifest = oci.layered(contents, { store: (layer) => gzipSync(layer) });
/** Expected layers. */
export const layers: readonly Buffer[] = contents;

export const secrets = {
  username: 'alice',
  password: 'pass-hidden',
  identity: 'identity-hidden',
  registryToken: 'registry-hidden',
  /** Secrets of logins for another namespace and for unrelated hosts. */
  decoy: 'decoy-hidden',
  /** Token of the service, for the image and for other scopes. */
  token: 'token-hidden',
} as const;

export function basicOf(username: string, password: string): string {
  return Buffer.from(`${username}:${password}`).toString('base64');
}

function startOf({ headers: { range } }: IncomingMessage): number {
  return Number(/\d+/.exec(range ?? '')?.[0] ?? 0);
}

/** Returns whether a path is that of a compressed blob. */
function isLayer(pathname: string): boolean {
  return bytesOf(pathname)?.readUInt16BE() === 0x1f8b;
}

function bytesOf(pathname: string): Buffer | undefined {
  const name = pathname.split('/').at(-1) ?? '';
  return oci.blobs.get(name === '1' ? manifest.digest : name);
}

/** Servers on this machine that play a scenario and record all requests. */
export class OddServers {
  readonly #servers = new Map<ServerName, Server>();
  readonly #received = new Map<ServerName, string[]>();
  #scenario: Scenario | undefined;
  #left: Record<Kind, Trouble[]> = { token: [], manifest: [], config: [], blob: [] };

  async start(): Promise<void> {
    for (const name of serverNames) {
      const server = createServer((request, response) => {
        this.#take(name, request, response);
      });
      await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
      this.#servers.set(name, server);
    }
  }

  async stop(): Promise<void> {
    for (const server of this.#servers.values()) {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    }
  }

  play(scenario: Scenario): void {
    this.#scenario = scenario;
    this.#left = {
      token: [...scenario.tokenTroubles],
      manifest: [...scenario.manifestTroubles],
      config: [],
      blob: [...scenario.blobTroubles],
    };
    serverNames.forEach((name) => this.#received.set(name, []));
  }

  host(name: ServerName): string {
    return `127.0.0.1:${(this.#servers.get(name)?.address() as AddressInfo).port}`;
  }

  /** Returns all requests to a server: first line, headers and body of each. */
  received(name: ServerName): readonly string[] {
    return this.#received.get(name) ?? [];
  }

  #take(name: ServerName, request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const text = [`${request.method ?? ''} ${request.url ?? ''}`, ...request.rawHeaders, body].join('\n');
      const received = this.#received.get(name) ?? [];
      received.push(text);
      if (received.length > 100 || this.#scenario === undefined) {
        response.destroy();
        return;
      }
      this.#answer(
        name,
        this.#scenario,
        request,
        body,
        new Reply(response, this.#scenario.echoes ? `${request.headers.authorization ?? ''} ${text}` : ''),
      );
    });
  }

  #answer(name: ServerName, scenario: Scenario, request: IncomingMessage, body: string, reply: Reply): void {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
    const authorization = request.headers.authorization ?? '';
    switch (name) {
      case 'greedy':
        // This server tries to collect every login.
        reply.unauthorized([
          `Bearer realm="http://${this.host('greedy')}/token",service="greedy"`,
          'Basic realm="greedy"',
        ]);
        return;
      case 'storage':
        this.#content(scenario, request, pathname, reply);
        return;
      case 'mirror':
        this.#mirror(scenario, request, pathname, reply);
        return;
      default:
        if (pathname.startsWith('/token')) {
          this.#token(scenario, request, pathname, searchParams, body, reply);
        } else if (name === 'registry' && this.#isIn(scenario, authorization)) {
          this.#ownContent(scenario, request, pathname, reply);
        } else {
          reply.unauthorized(this.#challenges(scenario, authorization));
        }
    }
  }

  #isIn({ schemes }: Scenario, authorization: string): boolean {
    const { username, password, registryToken, token } = secrets;
    return (
      schemes.length === 0 ||
      (schemes.includes('basic') && authorization === `Basic ${basicOf(username, password)}`) ||
      authorization === `Bearer ${registryToken}` ||
      (schemes.includes('bearer') && authorization === `Bearer ${token}`)
    );
  }

  #challenges({ schemes, style, realm, oddRealm, scope, echoes }: Scenario, authorization: string): string[] {
    const address =
      realm === 'odd' ? oddRealm : `http://${this.host(realm === 'service' ? 'service' : 'registry')}/token`;
    const own = schemes.map((scheme) =>
      scheme === 'basic'
        ? writeChallenge('basic', [['realm', 'a, "b"']], { ...style, isQuoted: true })
        : writeChallenge(
            'bearer',
            [
              ['realm', echoes && realm === 'odd' ? oddRealm + authorization : address],
              ['service', 'reg'],
              ...(scope === undefined ? [] : [['scope', scope] as [string, string]]),
            ],
            style,
          ),
    );
    const all = { none: own, before: ['Negotiate', ...own], behind: [...own, 'Digest abcd=='] }[style.others];
    return style.inSeveralHeaders ? all : [all.join(', ')];
  }

  #token(
    scenario: Scenario,
    request: IncomingMessage,
    pathname: string,
    query: URLSearchParams,
    body: string,
    reply: Reply,
  ): void {
    const { username, password, identity, token } = secrets;
    const search = query.size === 0 ? '' : `?${query.toString()}`;
    if (pathname === '/token' && this.#trouble('token', scenario, `/token2${search}`, reply)) {
      return;
    }
    const form = new URLSearchParams(body);
    const isIn =
      request.headers.authorization === `Basic ${basicOf(username, password)}` ||
      form.get('refresh_token') === identity;
    if (!isIn) {
      reply.send(401, '{}');
      return;
    }
    const scopes = [...query.getAll('scope'), ...(form.get('scope') ?? '').split(' ')];
    const given = scopes.includes('repository:r/img:pull') ? token : 'for-nothing';
    const answers = {
      token: { token: given },
      access_token: { access_token: given, expires_in: 300 },
      empty: { token: '', access_token: given },
      null: { token: given, access_token: null, expires_in: null },
      both: { token: given, access_token: given },
      none: { expires_in: 300 },
      unusable: { token: `${given}\r\nX: y` },
    };
    reply.send(200, JSON.stringify(answers[scenario.tokenAnswer]));
  }

  /** Sends the registry's own content to an authorized request. */
  #ownContent(scenario: Scenario, request: IncomingMessage, pathname: string, reply: Reply): void {
    const kind = pathname.includes('/manifests/') ? 'manifest' : isLayer(pathname) ? 'blob' : 'config';
    const from = kind === 'manifest' ? scenario.manifestsFrom : scenario.blobsFrom;
    if (pathname.startsWith('/moved')) {
      this.#content(scenario, request, pathname, reply);
      return;
    }
    if (this.#trouble(kind, scenario, pathname, reply, request)) {
      return;
    }
    switch (from) {
      case 'registry':
        this.#content(scenario, request, pathname, reply);
        return;
      case 'refused':
        reply.send(418, '{"errors":[{"message":"no"}]}');
        return;
      default:
        reply.redirect(scenario.redirectStatus, this.#location(from, pathname, scenario));
    }
  }

  #mirror({ mirror, ranges }: Scenario, request: IncomingMessage, pathname: string, reply: Reply): void {
    switch (mirror) {
      case 'good':
        this.#content({ ranges }, request, pathname, reply);
        return;
      case 'damaging':
        reply.send(200, '{"damaged": true}', { 'content-type': manifest.mediaType });
        return;
      case 'greedy':
        reply.unauthorized([`Bearer realm="http://${this.host('mirror')}/token"`, 'Basic realm="mirror"']);
        return;
      default:
        reply.cut();
    }
  }

  #content(
    { ranges }: Pick<Scenario, 'ranges'>,
    request: IncomingMessage,
    pathname: string,
    reply: Reply,
  ): void {
    const bytes = bytesOf(pathname);
    if (bytes === undefined) {
      reply.send(404, '{}');
      return;
    }
    const start = startOf(request);
    if (start === 0 || ranges === 'ignored') {
      reply.send(200, bytes, { 'content-type': manifest.mediaType });
    } else if (ranges === 'refused') {
      reply.send(416, '');
    } else {
      const from = ranges === 'early' ? Math.max(0, start - 100) : start;
      const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
      reply.send(206, bytes.subarray(from), { 'content-range': range });
    }
  }

  /**
   * Sends a faulty response.
   *
   * @returns whether something other than the regular response was sent
   * @param moved target of a redirect to the same server.
   * @param request determines which half of the response precedes a break of the connection; without it there is none.
   */
  #trouble(kind: Kind, scenario: Scenario, moved: string, reply: Reply, request?: IncomingMessage): boolean {
    const trouble = this.#left[kind].shift();
    switch (trouble?.kind) {
      case undefined:
        return false;
      case 'cut':
        if (
          kind === 'blob' &&
          request !== undefined &&
          (scenario.ranges === 'yes' || request.headers.range === undefined)
        ) {
          const start = startOf(request);
          const rest = bytesOf(moved)?.subarray(start);
          reply.cut(rest?.subarray(0, rest.length / 2), start);
        } else {
          reply.cut();
        }
        return true;
      case 'status':
        reply.send(trouble.status, '{"errors":[{"message":"later"}]}', {
          ...(trouble.retryAfter !== undefined && { 'retry-after': trouble.retryAfter }),
        });
        return true;
      case 'redirect':
        if (trouble.to === 'loop') {
          this.#left[kind].unshift(trouble);
        }
        reply.redirect(
          trouble.status,
          trouble.to === 'self' ? moved : this.#location(trouble.to, '/token', scenario),
        );
        return true;
    }
  }

  #location(to: RedirectTarget, pathname: string, { oddLocation }: Scenario): string {
    switch (to) {
      case 'self':
        return `/moved${pathname}`;
      case 'loop':
        return pathname;
      case 'odd':
        return oddLocation;
      default:
        return `http://${this.host(to)}${pathname}`;
    }
  }
}
