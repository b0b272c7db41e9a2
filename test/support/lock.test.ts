import { expect, test } from '@jest/globals';
import { readdir, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../src/support/clock.ts';
import { InterruptedError } from '../../src/support/errors.ts';
import { acquireLock, type LockOptions } from '../../src/support/lock.ts';
import { ownIdentity, type ProcessIdentity } from '../../src/support/process-identity.ts';
import { temporaryFolder } from './temporary-folder.ts';

interface Waiting extends LockOptions {
  readonly waitedFor: (ProcessIdentity | undefined)[];
}

function options(signal = new AbortController().signal): Waiting {
  const waitedFor: (ProcessIdentity | undefined)[] = [];
  return { waitedFor, onWait: (owner) => void waitedFor.push(owner), clock: systemClock, signal };
}

test('one holds it, the next waits', async () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'lock');
  const release = await acquireLock(file, options());
  const second = options();
  let got = false;
  const waiting = acquireLock(file, second).then((releaseSecond) => {
    got = true;
    return releaseSecond;
  });
  await delay(500);
  expect(got).toBe(false);
  expect(second.waitedFor).toEqual([ownIdentity()]);
  await release();
  await (
    await waiting
  )();
  expect(await readdir(folder)).toEqual([]);
});

test.each<[string, Partial<ProcessIdentity>, number]>([
  ['of this host', { startTicks: ownIdentity().startTicks + 1 }, 0],
  ['of another host that was not heard of for long', { host: 'elsewhere' }, 300],
])('a dead owner %s loses it', async (_what, changes, ageS) => {
  const file = path.join(temporaryFolder(), 'lock');
  await writeFile(file, JSON.stringify({ ...ownIdentity(), ...changes }));
  const written = new Date(Date.now() - ageS * 1000);
  await utimes(file, written, written);
  const first = options();
  await (
    await acquireLock(file, first)
  )();
  expect(first.waitedFor).toEqual([]);
});

test.each([
  ['an owner on another host', JSON.stringify({ ...ownIdentity(), host: 'elsewhere' })],
  ['one that says nothing of itself', 'garbage'],
])('%s is waited for, until Ctrl-C', async (_what, content) => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'lock');
  await writeFile(file, content);
  const interruption = new AbortController();
  const waiting = options(interruption.signal);
  setTimeout(() => {
    interruption.abort(new InterruptedError('SIGINT'));
  }, 400);
  await expect(acquireLock(file, waiting)).rejects.toThrow(InterruptedError);
  expect(waiting.waitedFor).toHaveLength(1);
  expect(await readdir(folder)).toEqual(['lock']);
});
