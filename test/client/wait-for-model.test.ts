import { expect, test } from '@jest/globals';
import type { Clock } from '../../src/support/context.ts';
import { HpcGatError, InterruptedError, NotReadyError } from '../../src/support/errors.ts';
import { waitReady, type WaitOptions } from '../../src/client/wait-for-model.ts';
import { InferenceServerError } from '../../src/triton/server-errors.ts';
import type { IndexEntry, InferenceServer } from '../../src/triton/inference-server.ts';

/** State of the server at one moment; an error is the result of every call that fails with it. */
interface Moment {
  modelReady?: boolean;
  serverReady?: boolean;
  index?: (Pick<IndexEntry, 'name' | 'state'> & Partial<IndexEntry>)[];
  error?: Error;
}

/** Creates a server that passes through these states, one per readiness query of the model, and stays in the last. */
function serverThrough(moments: readonly Moment[]): InferenceServer {
  let asked = -1;
  let now: Moment = {};
  const answer = <T>(value: T): Promise<T> =>
    now.error === undefined ? Promise.resolve(value) : Promise.reject(now.error);
  return {
    url: 'node7:8001',
    log: '/run/server.log',
    isModelReady: () => {
      asked += 1;
      now = moments[Math.min(asked, moments.length - 1)] ?? {};
      return answer(now.modelReady ?? false);
    },
    isServerReady: () => answer(now.serverReady ?? false),
    repositoryIndex: () => answer((now.index ?? []).map((entry) => ({ version: '1', reason: '', ...entry }))),
  } as Partial<InferenceServer> as InferenceServer;
}

/** Creates a clock that advances only by sleeping. */
function fakeClock(): Clock {
  let ms = 0;
  return {
    now: () => new Date(ms),
    sleep: (duration, signal) => {
      signal?.throwIfAborted();
      ms += duration;
      return Promise.resolve();
    },
  };
}

function wait(moments: readonly Moment[], options: Partial<WaitOptions> = {}) {
  return waitReady(serverThrough(moments), {
    model: 'gat',
    version: '',
    timeoutMs: 5000,
    clock: fakeClock(),
    signal: new AbortController().signal,
    ...options,
  });
}

const refused: Moment = {
  error: new InferenceServerError('unreachable', 'x', 'connect ECONNREFUSED 10.0.0.7:8001'),
};
const loading: Moment = { index: [{ name: 'gat', state: 'LOADING' }] };
const ready: Moment = { modelReady: true };

test('passes through all states, and reports each once', async () => {
  const states: string[] = [];
  const moments = [refused, refused, {}, loading, loading, ready];
  expect(await wait(moments, { onState: (state) => states.push(state) })).toBe(1000);
  expect(states).toEqual(['connect ECONNREFUSED 10.0.0.7:8001', 'server loading', 'model loading']);
});

test.each([
  ['never listens', [refused], 'connect ECONNREFUSED 10.0.0.7:8001'],
  ['never gets ready', [refused, {}], 'server loading'],
  ['never loads the model', [loading], 'model loading'],
  [
    'does not know the index',
    [{ error: new InferenceServerError('unsupported', 'x', 'y') }],
    'the server reports only that the model is not ready',
  ],
])('a server that %s is not ready in time, and the last state is reported', async (_what, moments, state) => {
  const waiting = wait(moments);
  await expect(waiting).rejects.toBeInstanceOf(NotReadyError);
  await expect(waiting).rejects.toMatchObject({
    message: `model gat at node7:8001 was not ready within 5 s; last state: ${state}`,
    log: '/run/server.log',
    exitCode: 5,
  });
});

test('an untrusted server is not waited for', async () => {
  const error = new InferenceServerError('untrusted', 'x', 'certificate has expired');
  await expect(wait([{ error }])).rejects.toBe(error);
});

const other = { name: 'other', state: 'READY' } as const;

test.each<[string, Moment, Partial<WaitOptions>, RegExp]>([
  [
    'failed to load',
    { index: [{ name: 'gat', state: 'UNAVAILABLE', reason: 'no such file\n\n  model.pt' }] },
    {},
    /version 1: no such file model\.pt$/,
  ],
  ['is not in the index', { serverReady: true, index: [other] }, {}, /has no such model, only other$/],
  [
    'is not in the index, and another failed',
    { index: [{ name: 'other', state: 'UNAVAILABLE' }] },
    {},
    /has no such model, only other$/,
  ],
  ['is in an empty repository', { serverReady: true }, {}, /its repository is empty$/],
  [
    'was not loaded',
    { serverReady: true, index: [{ name: 'gat', state: '', version: '' }] },
    {},
    /in the repository, but the server did not load it$/,
  ],
  [
    'lacks the version',
    { serverReady: true, index: [{ name: 'gat', state: 'READY', version: '2' }] },
    { version: '7' },
    /it has no version 7, only 2$/,
  ],
])('a model that %s fails at once', async (_what, moment, options, message) => {
  const clock = fakeClock();
  const waiting = wait([refused, moment], { ...options, clock });
  await expect(waiting).rejects.toThrow(message);
  await expect(waiting).rejects.toMatchObject({ exitCode: 1, log: '/run/server.log' });
  await expect(waiting).rejects.toBeInstanceOf(HpcGatError);
  expect(clock.now().getTime()).toBe(200);
});

test('a second version that failed does not matter while the first is loading', async () => {
  const index = [
    { name: 'gat', state: 'UNAVAILABLE', version: '1' },
    { name: 'gat', state: 'LOADING', version: '2' },
  ] as const;
  expect(await wait([{ index: [...index] }, ready])).toBe(200);
});

test('an interruption ends the wait', async () => {
  const interruption = new AbortController();
  const reason = new InterruptedError('SIGTERM');
  const onState = () => {
    interruption.abort(reason);
  };
  await expect(wait([refused], { signal: interruption.signal, onState })).rejects.toBe(reason);
});
