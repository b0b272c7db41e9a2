import { expect, test } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { chmod, chown, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { makeCredentials } from '../../src/run/make-credentials.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const now = new Date('2026-01-02T03:04:05Z');
const until = new Date('2026-01-02T05:00:00Z');

async function made() {
  const directory = path.join(temporaryDirectory(), 'credentials');
  await makeCredentials(directory, { now, until });
  const read = async (name: string) => new X509Certificate(await readFile(path.join(directory, name)));
  return {
    directory,
    ca: await read('ca.pem'),
    server: await read('server.pem'),
    client: await read('client.pem'),
  };
}

test('the directory is private to its owner, and contains no key of the authority', async () => {
  const { directory } = await made();
  const mode = async (file: string) => ((await stat(file)).mode & 0o777).toString(8);
  expect(await mode(directory)).toBe('700');
  const names = (await readdir(directory)).sort();
  expect(names).toEqual(['ca.pem', 'client-key.pem', 'client.pem', 'server-key.pem', 'server.pem']);
  for (const name of names) {
    expect(await mode(path.join(directory, name))).toBe('600');
  }
});

test.each(['0777', '0770', '0703'])(
  'a directory of mode %s is rejected, because others could exchange the keys',
  async (mode) => {
    const directory = path.join(temporaryDirectory(), 'open');
    await mkdir(directory);
    await chown(directory, process.getuid?.() ?? 0, process.getuid?.() === 0 ? 54_321 : -1);
    await chmod(directory, mode);
    await expect(makeCredentials(directory, { now, until })).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(
        /^keys cannot be stored in .*\/open: it belongs to \w+ and can be changed by /,
      ),
    });
    expect(await readdir(directory)).toEqual([]);
  },
);

test('one authority signs a server named localhost and a client, neither of which can sign', async () => {
  const { ca, server, client } = await made();
  expect(ca.ca).toBe(true);
  for (const leaf of [server, client]) {
    expect(leaf.verify(ca.publicKey)).toBe(true);
    expect(leaf.checkIssued(ca)).toBe(true);
    expect(leaf.ca).toBe(false);
  }
  expect(server.subjectAltName).toBe('DNS:localhost');
  expect(server.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  expect(client.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
});

test('the credentials are valid from an hour before to an hour after the run', async () => {
  const { ca, server, client } = await made();
  for (const { validFrom, validTo } of [ca, server, client]) {
    expect(new Date(validFrom)).toEqual(new Date('2026-01-02T02:04:05Z'));
    expect(new Date(validTo)).toEqual(new Date('2026-01-02T06:00:00Z'));
  }
});

test('each run has its own authority', async () => {
  const [one, another] = await Promise.all([made(), made()]);
  expect(one.server.verify(another.ca.publicKey)).toBe(false);
});
