import { describe, expect, test } from '@jest/globals';
import path from 'node:path';
import { Attempts, parseRetryAfter } from '../../src/registry/attempts.ts';
import { downloadBlob } from '../../src/registry/download.ts';
import { fetchManifest } from '../../src/registry/manifests.ts';
import { testContext } from '../support/context.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { fakeRegistry, reply } from './fake-registry.ts';

const never = new AbortController().signal;
const now = new Date('2026-03-01T12:00:00Z');

/** Creates a clock that records the sleeping times. */
function stoppedClock() {
  const slept: number[] = [];
  const sleep = (ms: number) => {
    slept.push(ms);
    return Promise.resolve();
  };
  return { slept, clock: { now: () => now, sleep } };
}

test.each([
  ['12', 12_000],
  [' 0 ', 0],
  ['-5', 0],
  ['soon', 0],
  ['', 0],
  [undefined, 0],
  ['Sun, 01 Mar 2026 12:00:07 GMT', 7000],
  ['Sun, 01 Mar 2026 11:00:00 GMT', 0],
])('Retry-After: %s means a pause of %d ms', (text, expected) => {
  expect(parseRetryAfter({ ...(text !== undefined && { 'retry-after': text }) }, now)).toBe(expected);
});

test('a date in Retry-After is relative to the clock of the response', () => {
  const headers = { date: 'Sun, 01 Mar 2020 00:00:00 GMT', 'retry-after': 'Sun, 01 Mar 2020 00:00:09 GMT' };
  expect(parseRetryAfter(headers, now)).toBe(9000);
});

test.each<[string, number[], (number | undefined)[]]>([
  ['nothing', [0, 0, 0, 0, 0], [1000, 2000, 4000, 8000, undefined]],
  ['less than the pauses', [500, 500], [1000, 2000]],
  ['some seconds', [12_000, 12_000, 12_000, 12_000, 12_000], [12_000, 12_000, 12_000, 12_000, undefined]],
  ['a minute in parts', [40_000, 40_000, 40_000], [40_000, 20_000, undefined]],
  ['an hour', [3_600_000, 3_600_000], [60_000, undefined]],
])('the pauses follow a registry that asks for %s', (_what, asked, expected) => {
  const attempts = new Attempts();
  expect(asked.map((ms) => attempts.next(ms))).toEqual(expected);
});

describe('a busy registry', () => {
  const content = Buffer.from('blob');
  const blob = { digest: 'sha256:x', size: content.length };

  test.each([429, 503])('with status %d is retried after the pause that it asks for', async (status) => {
    for (const what of ['manifests', 'blobs']) {
      let left = 2;
      await using registry = await fakeRegistry((_request, response) => {
        left -= 1;
        reply(response, left < 0 ? 200 : status, content, { 'retry-after': '12' });
      });
      const { slept, clock } = stoppedClock();
      const opened = registry.open({ clock });
      const file = path.join(temporaryDirectory(), 'blob');
      await (what === 'blobs'
        ? downloadBlob(opened, blob, file, () => undefined, testContext({ clock }))
        : fetchManifest(opened, 'v1', [], never));
      expect(slept).toEqual([12_000, 12_000]);
    }
  });

  test.each([
    ['manifests', undefined, [1000, 2000, 4000, 8000], /limits the number of requests from this address$/],
    ['blobs', undefined, [1000, 2000, 4000, 8000], /limits the number of requests from this address$/],
    ['manifests', '3600', [60_000], /asks to wait: Retry-After: 3600/],
    ['blobs', '3600', [60_000], /asks to wait: Retry-After: 3600/],
  ])('is given up when it stays busy (%s, Retry-After: %s)', async (what, retryAfter, pauses, message) => {
    await using registry = await fakeRegistry((_request, response) => {
      reply(response, 429, '', { ...(retryAfter !== undefined && { 'retry-after': retryAfter }) });
    });
    const { slept, clock } = stoppedClock();
    const opened = registry.open({ clock });
    const file = path.join(temporaryDirectory(), 'blob');
    const fetching =
      what === 'blobs'
        ? downloadBlob(opened, blob, file, () => undefined, testContext({ clock }))
        : fetchManifest(opened, 'v1', [], never);
    await expect(fetching).rejects.toThrow(message);
    expect(slept).toEqual(pauses);
    expect(registry.asked).toHaveLength(pauses.length + 1);
  });

  test('is retried when its token service is busy', async () => {
    let left = 1;
    await using registry = await fakeRegistry((request, response) => {
      if (request.url?.startsWith('/token') === true) {
        left -= 1;
        reply(response, left < 0 ? 200 : 429, { token: 'T' }, { 'retry-after': '9' });
      } else {
        const realm = `http://${request.headers.host ?? ''}/token`;
        const isIn = request.headers.authorization === 'Bearer T';
        reply(response, isIn ? 200 : 401, '{}', { 'www-authenticate': `Bearer realm="${realm}"` });
      }
    });
    const { slept, clock } = stoppedClock();
    await fetchManifest(registry.open({ clock }), 'v1', [], never);
    expect(slept).toEqual([9000]);
  });
});

describe('a download that is resumed', () => {
  const content = Buffer.from('0123456789'.repeat(1000));
  const blob = { digest: 'sha256:x', size: content.length };

  test.each<[string, (from: number) => [status: number, body: Buffer, range?: string]]>([
    [
      'from an earlier byte than was asked for',
      (from) => [206, content.subarray(from - 500), `bytes ${from - 500}-9999/10000`],
    ],
    ['without a word where it begins', (from) => [206, content.subarray(from)]],
    ['as a whole', () => [200, content]],
  ])('gives the right bytes when it is answered %s', async (_what, rest) => {
    await using registry = await fakeRegistry((request, response) => {
      const from = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0);
      if (from === 0) {
        response.writeHead(200, { 'content-length': content.length });
        response.write(content.subarray(0, 3000), () => response.destroy());
        return;
      }
      const [status, body, range] = rest(from);
      reply(response, status, body, { ...(range !== undefined && { 'content-range': range }) });
    });
    const { clock } = stoppedClock();
    let count = 0;
    const file = path.join(temporaryDirectory(), `blob${count}`);
    await downloadBlob(registry.open({ clock }), blob, file, (n) => (count += n), testContext({ clock }));
    expect(count).toBe(content.length);
    expect(registry.asked).toHaveLength(2);
  });

  test('starts over when the registry refuses a range request', async () => {
    let first = true;
    await using registry = await fakeRegistry((request, response) => {
      if (request.headers.range !== undefined) {
        reply(response, 416);
      } else if (first) {
        first = false;
        response.writeHead(200, { 'content-length': content.length });
        response.write(content.subarray(0, 3000), () => response.destroy());
      } else {
        reply(response, 200, content);
      }
    });
    const { clock } = stoppedClock();
    let count = 0;
    const file = path.join(temporaryDirectory(), 'blob');
    await downloadBlob(registry.open({ clock }), blob, file, (n) => (count += n), testContext({ clock }));
    expect(count).toBe(content.length);
  });
});
