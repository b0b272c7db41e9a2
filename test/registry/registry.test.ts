import { describe, expect, test } from '@jest/globals';
import { mkdtemp, readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import path from 'node:path';
import { downloadChunks, downloadBlob } from '../../src/registry/download.ts';
import { fetchManifest, fetchSmallBlob } from '../../src/registry/manifests.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import { hashBytes } from '../../src/support/files/digest.ts';
import { HpcGatError, UsageError } from '../../src/support/errors.ts';
import { testContext } from '../support/context.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { fakeRegistry, reply } from './fake-registry.ts';

const quick = { now: () => new Date(), sleep: () => Promise.resolve() };
const never = new AbortController().signal;
const login = { APPTAINER_DOCKER_USERNAME: 'alice', APPTAINER_DOCKER_PASSWORD: 'se:cret' };
const basic = `Basic ${Buffer.from('alice:se:cret').toString('base64')}`;

describe('a manifest', () => {
  test('has the digest of its bytes', async () => {
    await using registry = await fakeRegistry((_request, response) => {
      reply(response, 200, '{}', { 'content-type': 'application/x; charset=utf-8' });
    });
    const manifest = await fetchManifest(registry.open(), 'v1', ['application/x'], never);
    expect(manifest).toMatchObject({ digest: `sha256:${hashBytes('{}')}`, mediaType: 'application/x' });
    expect(registry.asked).toEqual(['/v2/lab/x/manifests/v1']);
  });

  test('is rejected when its digest differs from the requested or announced one', async () => {
    await using registry = await fakeRegistry((_request, response) => {
      reply(response, 200, '{}', { 'docker-content-digest': `sha256:${'1'.repeat(64)}` });
    });
    for (const reference of ['v1', `sha256:${'2'.repeat(64)}`]) {
      await expect(fetchManifest(registry.open(), reference, [], never)).rejects.toThrow(
        /sent a manifest with the digest/,
      );
    }
  });

  test('that is missing is reported with the most similar tag', async () => {
    await using registry = await fakeRegistry((request, response) => {
      const list = request.url?.endsWith('/tags/list') === true;
      reply(response, list ? 200 : 404, list ? { tags: ['24.04', '24.05'] } : '');
    });
    const fetching = fetchManifest(registry.open({}, '24.5'), '24.5', [], never);
    await expect(fetching).rejects.toThrow(UsageError);
    await expect(fetching).rejects.toMatchObject({ fix: `did you mean ${registry.host}/lab/x:24.05?` });
  });

  test('that does not exist is reported even when the tags cannot be listed', async () => {
    await using registry = await fakeRegistry((request, response) => {
      if (request.url?.endsWith('/tags/list') === true) {
        response.destroy();
      } else {
        reply(response, 404);
      }
    });
    const fetching = fetchManifest(registry.open({ clock: quick }), 'v1', [], never);
    await expect(fetching).rejects.toThrow(new UsageError(`${registry.host} has no lab/x:v1`));
  });

  test.each([
    [429, /limits the number of requests/],
    [500, /HTTP status 500 for lab\/x:v1: disk on fire/],
  ])('that is answered with status %d is reported', async (status, message) => {
    await using registry = await fakeRegistry((_request, response) => {
      reply(response, status, { errors: [{ message: 'disk on fire' }] });
    });
    await expect(fetchManifest(registry.open({ clock: quick }), 'v1', [], never)).rejects.toThrow(message);
    expect(registry.asked).toHaveLength(5);
  });
});

/** Answers by halves, as when a connection breaks, so many times; then as `whole` does. */
function breaking(times: number, whole: (response: ServerResponse) => void) {
  let left = times;
  return (response: ServerResponse) => {
    if (left === 0) {
      whole(response);
      return;
    }
    left -= 1;
    response.writeHead(200, { 'content-length': 2 });
    response.write('{', () => response.destroy());
  };
}

describe('a connection that breaks in the middle of a description', () => {
  const digest = `sha256:${hashBytes('{}')}`;

  test('is repeated', async () => {
    const answer = breaking(2, (response) => {
      reply(response, 200, '{}');
    });
    await using registry = await fakeRegistry((_request, response) => {
      answer(response);
    });
    const manifest = await fetchManifest(registry.open({ clock: quick }), 'v1', [], never);
    expect(manifest.digest).toBe(digest);
    expect(registry.asked).toHaveLength(3);
  });

  test('is reported when it breaks every time', async () => {
    const answer = breaking(Infinity, () => undefined);
    await using registry = await fakeRegistry((_request, response) => {
      answer(response);
    });
    const opened = registry.open({ clock: quick });
    for (const fetching of [
      () => fetchManifest(opened, 'v1', [], never),
      () => fetchSmallBlob(opened, digest, never),
    ]) {
      const error = await fetching().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(HpcGatError);
      expect(error).toMatchObject({
        message: `the connection to ${registry.host} broke: aborted`,
        fix: 'try again',
      });
    }
    expect(registry.asked).toHaveLength(10);
  });

  test('is repeated with the registry instead of the mirror', async () => {
    const answer = breaking(Infinity, () => undefined);
    await using mirror = await fakeRegistry((_request, response) => {
      answer(response);
    });
    await using registry = await fakeRegistry((_request, response) => {
      reply(response, 200, '{}');
    });
    const opened = registry.open({}, 'v1', { mirrors: [`http://${mirror.host}`] });
    expect(await fetchManifest(opened, 'v1', [], never)).toMatchObject({ digest });
    expect(mirror.asked).toHaveLength(1);
  });

  test('is no reason to continue without a token, nor is a busy service', async () => {
    const troubles = [
      breaking(1, () => undefined),
      (response: ServerResponse) => {
        reply(response, 503, 'later');
      },
    ];
    await using registry = await fakeRegistry((request, response) => {
      if (request.url?.startsWith('/token') === true) {
        const trouble = troubles.shift();
        if (trouble === undefined) {
          reply(response, 200, { token: 'T' });
        } else {
          trouble(response);
        }
      } else if (request.headers.authorization === 'Bearer T') {
        reply(response, 200, '{}');
      } else {
        const realm = `http://${request.headers.host ?? ''}/token`;
        reply(response, 401, '', { 'www-authenticate': `Bearer realm="${realm}"` });
      }
    });
    expect(await fetchManifest(registry.open({ clock: quick }), 'v1', [], never)).toMatchObject({ digest });
    expect(registry.asked.filter((line) => line.startsWith('/token'))).toHaveLength(3);
  });
});

describe('a registry that requires a login', () => {
  test('by password receives it only on request', async () => {
    await using registry = await fakeRegistry((request, response) => {
      if (request.headers.authorization === basic) {
        reply(response, 200, '{}');
      } else {
        reply(response, 401, '', { 'www-authenticate': 'Basic realm="x"' });
      }
    });
    const opened = registry.open({ env: login });
    await fetchManifest(opened, 'v1', [], never);
    await fetchManifest(opened, 'v2', [], never);
    expect(registry.asked).toEqual([
      '/v2/lab/x/manifests/v1',
      `/v2/lab/x/manifests/v1 ${basic}`,
      `/v2/lab/x/manifests/v2 ${basic}`,
    ]);
  });

  test('by token receives one from its token service', async () => {
    await using registry = await fakeRegistry((request, response) => {
      if (request.url?.startsWith('/token') === true) {
        reply(response, 200, { access_token: 'T' });
      } else if (request.headers.authorization === 'Bearer T') {
        reply(response, 200, '{}');
      } else {
        const realm = `http://${request.headers.host ?? ''}/token`;
        const challenge = `Bearer realm="${realm}",service="reg",scope="repository:lab/x:pull", Basic realm="b"`;
        reply(response, 401, '', { 'www-authenticate': challenge });
      }
    });
    await fetchManifest(registry.open({ env: login }), 'v1', [], never);
    expect(registry.asked[1]).toBe(`/token?service=reg&scope=repository%3Alab%2Fx%3Apull ${basic}`);
    await fetchManifest(registry.open({ env: {} }), 'v1', [], never);
    expect(registry.asked[4]).toBe('/token?service=reg&scope=repository%3Alab%2Fx%3Apull');
  });

  test('by password receives a wrong one once per request', async () => {
    await using registry = await fakeRegistry((_request, response) => {
      reply(response, 401, '', { 'www-authenticate': 'Basic realm="x"' });
    });
    const opened = registry.open({ env: login });
    for (const tag of ['v1', 'v2']) {
      await expect(fetchManifest(opened, tag, [], never)).rejects.toThrow(/denies the user/);
    }
    expect(registry.asked.filter((line) => line.includes('Basic'))).toEqual([
      `/v2/lab/x/manifests/v1 ${basic}`,
      `/v2/lab/x/manifests/v2 ${basic}`,
    ]);
  });

  test.each([
    ['none is known', {}, /requires a login for lab\/x:v1/],
    [
      'it is refused',
      login,
      /denies the user of APPTAINER_DOCKER_USERNAME and APPTAINER_DOCKER_PASSWORD access to lab\/x:v1/,
    ],
  ])(
    'is reported with the place to log in when %s, and without the password',
    async (_what, env, message) => {
      await using registry = await fakeRegistry((_request, response) => {
        reply(response, 401, '', { 'www-authenticate': 'Basic realm="x"' });
      });
      const error = await fetchManifest(registry.open({ env }), 'v1', [], never).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(HpcGatError);
      const { message: actual, fix } = error as HpcGatError;
      expect(actual).toMatch(message);
      expect(fix).toContain(`docker login ${registry.host}`);
      expect(actual + String(fix)).not.toContain('se:cret');
    },
  );

  test('does not receive the password of another registry that it redirects to', async () => {
    await using storage = await fakeRegistry((_request, response) => {
      reply(response, 200, 'blob');
    });
    await using registry = await fakeRegistry((request, response) => {
      if (request.headers.authorization === undefined) {
        reply(response, 401, '', { 'www-authenticate': 'Basic realm="x"' });
      } else {
        reply(response, 307, '', { location: `http://${storage.host}/there` });
      }
    });
    const file = path.join(temporaryDirectory(), 'blob');
    const blob = { digest: 'sha256:x', size: 4 };
    await downloadBlob(registry.open({ env: login }), blob, file, () => undefined, testContext());
    expect(storage.asked).toEqual(['/there']);
    expect(await readFile(file, 'utf8')).toBe('blob');
  });
});

describe('a download', () => {
  const content = Buffer.from('0123456789'.repeat(1000));
  const blob = { digest: `sha256:${hashBytes(content)}`, size: content.length };

  test.each([true, false])('resumes at the break (the registry supports ranges: %s)', async (ranges) => {
    let breaks = 3;
    await using registry = await fakeRegistry((request, response) => {
      const from = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0);
      const body = ranges ? content.subarray(from) : content;
      response.writeHead(ranges && from > 0 ? 206 : 200, { 'content-length': body.length });
      if (breaks > 0) {
        breaks -= 1;
        response.write(body.subarray(0, 2000), () => response.destroy());
      } else {
        response.end(body);
      }
    });
    const file = path.join(await mkdtemp(path.join(temporaryDirectory(), 'x')), 'blob');
    let read = 0;
    await downloadBlob(
      registry.open(),
      blob,
      file,
      (bytes) => (read += bytes),
      testContext({ clock: quick }),
    );
    expect((await readFile(file)).equals(content)).toBe(true);
    expect(read).toBe(content.length);
  });

  test('fails after repeated breaks', async () => {
    await using registry = await fakeRegistry((_request, response) => {
      response.writeHead(200, { 'content-length': content.length });
      response.flushHeaders();
      response.destroy();
    });
    const file = path.join(temporaryDirectory(), 'blob');
    await expect(
      downloadBlob(registry.open(), blob, file, () => undefined, testContext({ clock: quick })),
    ).rejects.toThrow(/broke off at 0 of 10000 bytes/);
    expect(registry.asked).toHaveLength(5);
  });

  test.each([
    [404, /has no blob sha256:\w+ of lab\/x, although the manifest references it$/, 'push the image again'],
    [403, /requires a login for blob sha256:\w+ of lab\/x, or the image does not exist$/, /docker login/],
    [418, /HTTP status 418 for blob .*: a teapot$/, 'try again later'],
  ])('that is answered with status %d is reported', async (status, message, fix) => {
    await using registry = await fakeRegistry((_request, response) => {
      reply(response, status, { errors: [{ message: 'a teapot' }] });
    });
    const file = path.join(temporaryDirectory(), `blob-${status}`);
    const error = await downloadBlob(registry.open(), blob, file, () => undefined, testContext()).catch(
      (thrown: unknown) => thrown as HpcGatError,
    );
    expect(error).toBeInstanceOf(HpcGatError);
    expect(error?.message).toMatch(message);
    expect(error?.fix).toMatch(fix);
  });

  test('is rejected when it exceeds the announced size', async () => {
    await using registry = await fakeRegistry((_request, response) => {
      reply(response, 200, Buffer.concat([content, content]));
    });
    const file = path.join(temporaryDirectory(), 'blob');
    await expect(downloadBlob(registry.open(), blob, file, () => undefined, testContext())).rejects.toThrow(
      /sent more than/,
    );
  });
});

describe('a mirror', () => {
  const content = Buffer.from('0123456789'.repeat(1000));
  const blob = { digest: `sha256:${hashBytes(content)}`, size: content.length };

  test('is used instead of the registry, below its prefix', async () => {
    await using registry = await fakeRegistry(() => undefined);
    await using mirror = await fakeRegistry((_request, response) => {
      reply(response, 200, '{}');
    });
    const opened = registry.open({}, 'v1', { mirrors: [`http://${mirror.host}/cache/`] });
    await fetchManifest(opened, 'v1', [], never);
    expect(mirror.asked).toEqual(['/v2/cache/lab/x/manifests/v1']);
    expect(registry.asked).toEqual([]);
  });

  test('is skipped for one request when it lacks the image, and for good when it is down', async () => {
    const down = await fakeRegistry(() => undefined);
    await down[Symbol.asyncDispose]();
    await using empty = await fakeRegistry((_request, response) => {
      reply(response, 404);
    });
    await using registry = await fakeRegistry((_request, response) => {
      reply(response, 200, '{}');
    });
    const mirrors = [`http://${down.host}`, `http://${empty.host}`];
    const opened = registry.open({}, 'v1', { mirrors });
    await fetchManifest(opened, 'v1', [], never);
    await fetchManifest(opened, 'v2', [], never);
    expect(empty.asked).toHaveLength(2);
    expect(registry.asked).toHaveLength(2);
    await registry[Symbol.asyncDispose]();
    await expect(fetchManifest(opened, 'v3', [], never)).rejects.toThrow(
      new RegExp(
        `no registry responds .*its mirrors failed too: .*${down.host} .*${empty.host} \\(HTTP status 404\\)`,
      ),
    );
  });

  test('leaves the rest of a blob to the registry after a break', async () => {
    await using registry = await fakeRegistry((request, response) => {
      const from = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0);
      reply(response, 206, content.subarray(from));
    });
    let asked = 0;
    await using mirror = await fakeRegistry((_request, response) => {
      asked += 1;
      if (asked > 1) {
        reply(response, 503);
        return;
      }
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 3000), () => response.destroy());
    });
    const opened = registry.open({}, 'v1', { mirrors: [`http://${mirror.host}`] });
    const pieces: Buffer[] = [];
    for await (const piece of downloadChunks(opened, blob, testContext({ clock: quick }))) {
      pieces.push(piece);
    }
    expect(Buffer.concat(pieces).equals(content)).toBe(true);
    expect(registry.asked).toHaveLength(1);
  });

  test('is rejected with an invalid address', async () => {
    await using registry = await fakeRegistry(() => undefined);
    expect(() => registry.open({}, 'v1', { mirrors: ['http://'] })).toThrow(UsageError);
  });
});

describe('a host that is no registry is reported', () => {
  const at = (host: string, plainHttp: boolean) =>
    fetchManifest(
      openRegistry({ host, repository: 'x', reference: 'v1' }, { plainHttp }, testContext()),
      'v1',
      [],
      never,
    );

  test('when it does not listen', async () => {
    const registry = await fakeRegistry(() => undefined);
    await registry[Symbol.asyncDispose]();
    await expect(at(registry.host, true)).rejects.toThrow(/no registry responds at/);
  });

  test('when it speaks http instead of https', async () => {
    await using registry = await fakeRegistry((_request, response) => {
      reply(response, 200);
    });
    await expect(at(registry.host, false)).rejects.toMatchObject({
      fix: expect.stringContaining('--plain-http'),
    });
  });

  test('when it has no address', async () => {
    await expect(at('registry.invalid', true)).rejects.toThrow(/cannot find the host registry.invalid/);
  });
});
