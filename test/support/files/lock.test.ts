import { describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { chown, mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../../src/support/clock.ts';
import { hashBytes } from '../../../src/support/files/digest.ts';
import { InterruptedError } from '../../../src/support/errors.ts';
import { acquireLock, removeAbandoned, type LockOptions } from '../../../src/support/files/lock.ts';
import { packageRoot } from '../../../src/support/package/package-root.ts';
import { getOwnIdentity, type ProcessIdentity } from '../../../src/support/processes/process-identity.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

interface Waiting extends LockOptions {
  readonly waitedFor: (ProcessIdentity | undefined)[];
}

function options(signal = new AbortController().signal): Waiting {
  const waitedFor: (ProcessIdentity | undefined)[] = [];
  return { waitedFor, onWait: (owner) => void waitedFor.push(owner), clock: systemClock, signal };
}

test('a second owner waits for the first', async () => {
  const directory = temporaryDirectory();
  const file = path.join(directory, 'lock');
  const release = await acquireLock(file, options());
  const second = options();
  let got = false;
  const waiting = acquireLock(file, second).then((releaseSecond) => {
    got = true;
    return releaseSecond;
  });
  await delay(500);
  expect(got).toBe(false);
  expect(second.waitedFor).toEqual([getOwnIdentity()]);
  await release();
  await (
    await waiting
  )();
  expect(await readdir(directory)).toEqual([]);
});

test.each<[string, Partial<ProcessIdentity>, number]>([
  ['of this host', { startTicks: getOwnIdentity().startTicks + 1 }, 0],
  ['of another host that was not heard of for long', { host: 'elsewhere' }, 300],
])('a dead owner %s loses the lock', async (_what, changes, ageS) => {
  const file = path.join(temporaryDirectory(), 'lock');
  await writeFile(file, JSON.stringify({ ...getOwnIdentity(), ...changes }));
  const written = new Date(Date.now() - ageS * 1000);
  await utimes(file, written, written);
  const first = options();
  await (
    await acquireLock(file, first)
  )();
  expect(first.waitedFor).toEqual([]);
});

describe('the lock of a dead owner', () => {
  const dead = JSON.stringify({ ...getOwnIdentity(), startTicks: getOwnIdentity().startTicks + 1 });

  test('is acquired by many waiters one after the other', async () => {
    const directory = temporaryDirectory();
    const file = path.join(directory, 'lock');
    await writeFile(file, dead);
    let holders = 0;
    const seen: number[] = [];
    const take = async () => {
      const release = await acquireLock(file, options());
      seen.push((holders += 1));
      await delay(10);
      holders -= 1;
      await release();
    };
    await Promise.all([take(), take(), take(), take()]);
    expect(seen).toEqual([1, 1, 1, 1]);
    expect(await readdir(directory)).toEqual([]);
  });

  test.each([
    ['a waiter that comes late', 'the lock of the next owner', undefined, true],
    ['one while another does', dead, JSON.stringify(getOwnIdentity()), false],
    ['one after another died at it', dead, dead, true],
  ])('is removed once: %s', async (_what, content, remover, expected) => {
    const directory = temporaryDirectory();
    const [file, candidate] = [path.join(directory, 'lock'), path.join(directory, 'candidate')];
    const removal = `${file}.${hashBytes(dead).slice(0, 12)}.dead`;
    await writeFile(file, content);
    await writeFile(candidate, 'mine');
    if (remover !== undefined) {
      await writeFile(removal, remover);
    }
    expect(await removeAbandoned(file, dead, candidate)).toBe(expected);
    expect(await readFile(file, 'utf8')).toBe(content);
  });
});

test.each([
  ['an owner on another host', JSON.stringify({ ...getOwnIdentity(), host: 'elsewhere' })],
  ['one without any information', 'garbage'],
])('waits for %s, until Ctrl-C', async (_what, content) => {
  const directory = temporaryDirectory();
  const file = path.join(directory, 'lock');
  await writeFile(file, content);
  const interruption = new AbortController();
  const waiting = options(interruption.signal);
  setTimeout(() => {
    interruption.abort(new InterruptedError('SIGINT'));
  }, 400);
  await expect(acquireLock(file, waiting)).rejects.toThrow(InterruptedError);
  expect(waiting.waitedFor).toHaveLength(1);
  expect(await readdir(directory)).toEqual(['lock']);
});

test('waits for the lock of a user whose umask hides it from others', async () => {
  const directory = temporaryDirectory();
  const file = path.join(directory, 'lock');
  await writeFile(file, JSON.stringify(getOwnIdentity()), { mode: 0o600 });
  await chown(directory, 65_534, 65_534);
  // A separate process becomes a user other than root, to whom modes apply.
  const waiting = `
    const { acquireLock } = await import(${JSON.stringify(path.join(packageRoot, 'src/support/files/lock.ts'))});
    const { systemClock: clock } = await import(${JSON.stringify(path.join(packageRoot, 'src/support/clock.ts'))});
    process.seteuid(65534);
    const onWait = (owner, user) => { console.log(String(owner), user); process.exit(); };
    await acquireLock(${JSON.stringify(file)}, { onWait, clock, signal: new AbortController().signal });`;
  const { stdout } = await execa(process.execPath, ['--input-type=module', '--eval', waiting]);
  expect(stdout).toBe('undefined root');
});

describe('a file planted by another user', () => {
  const { host, pid, startTicks } = getOwnIdentity();

  test('as a candidate is not written through', async () => {
    const directory = temporaryDirectory();
    const file = path.join(directory, 'lock');
    const precious = path.join(directory, 'precious');
    await writeFile(precious, 'precious');
    for (let attempt = 0; attempt < 100; attempt += 1) {
      await symlink(precious, `${file}.${host}-${pid}-${startTicks}.${attempt}`);
    }
    const release = await acquireLock(file, options());
    expect(await readFile(precious, 'utf8')).toBe('precious');
    await release();
  });

  test.each([
    ['a link', (file: string) => symlink('elsewhere', file)],
    ['a directory', (file: string) => mkdir(file)],
    ['a named pipe', (file: string) => execa('sh', ['-c', 'mkfifo "$1"', 'sh', file])],
    ['a large file', (file: string) => writeFile(file, Buffer.alloc(5_000))],
  ])('in place of the lock is reported: %s', async (_what, plant) => {
    const file = path.join(temporaryDirectory(), 'lock');
    await plant(file);
    await expect(acquireLock(file, options())).rejects.toMatchObject({
      message: `${file} is not a lock, but has the name of one`,
      fix: 'remove it, or name another file',
    });
  });

  const asRoot = process.getuid?.() === 0 ? test : test.skip;
  const foreignLock = async (owner: Partial<ProcessIdentity>, ageS = 0): Promise<string> => {
    const file = path.join(temporaryDirectory(), 'lock');
    await writeFile(file, JSON.stringify({ ...getOwnIdentity(), ...owner }));
    await chown(file, 54_321, 54_321);
    const written = new Date(Date.now() - ageS * 1000);
    await utimes(file, written, written);
    return file;
  };

  asRoot.each<[string, Partial<ProcessIdentity>, number]>([
    ['that names a process of somebody else', {}, 0],
    ['of another host that is not renewed', { host: 'elsewhere' }, 300],
    ['of another host that was written in the future', { host: 'elsewhere' }, -3_000],
  ])('a lock of another user is taken away: one %s', async (_what, owner, ageS) => {
    const waiting = options();
    const release = await acquireLock(await foreignLock(owner, ageS), waiting);
    await release();
    expect(waiting.waitedFor).toEqual([]);
  });

  asRoot('a lock that another user renews is waited for, under its name and not for ever', async () => {
    const file = await foreignLock({ host: 'elsewhere' });
    let nowMs = Date.now();
    const clock = {
      now: () => new Date(nowMs),
      sleep: () => {
        nowMs += 60_000;
        return Promise.resolve();
      },
    };
    const users: (string | undefined)[] = [];
    const waiting = {
      ...options(),
      clock,
      onWait: (_owner: unknown, user?: string) => void users.push(user),
    };
    await expect(acquireLock(file, waiting)).rejects.toMatchObject({
      exitCode: 5,
      message: `${file} has been locked by user 54321 for more than 30 minutes`,
    });
    expect(users).toEqual(['user 54321']);
    expect(await readdir(path.dirname(file))).toEqual(['lock']);
  });
});
