import { ServerCredentials } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeCredentials } from '../../src/run/make-credentials.ts';
import { type ClientCredentials, readClientCredentials } from '../../src/triton/client-credentials.ts';
import { connect } from '../../src/triton/grpc-client.ts';
import { removeTree } from '../../src/support/files/remove-tree.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { startFakeServer } from './fake-server.ts';

const hourMs = 3_600_000;
const now = new Date();
const shared = mkdtempSync(path.join(tmpdir(), 'hpc-gat-test-'));
const [mine, other] = [path.join(shared, 'mine'), path.join(shared, 'other')];
const atEnd: (() => void)[] = [];

beforeAll(async () => {
  const until = new Date(now.getTime() + hourMs);
  await Promise.all([makeCredentials(mine, { now, until }), makeCredentials(other, { now, until })]);
});

afterAll(() => removeTree(shared));

afterEach(() => {
  atEnd.splice(0).forEach((end) => {
    end();
  });
});

/** Starts a server with the certificates of `directory`, which accepts clients with those of `clients`. */
async function serve(directory: string, clients = directory): Promise<string> {
  const [ca, key, certificate] = await Promise.all([
    readFile(path.join(clients, 'ca.pem')),
    readFile(path.join(directory, 'server-key.pem')),
    readFile(path.join(directory, 'server.pem')),
  ]);
  const pair = { private_key: key, cert_chain: certificate };
  const fake = await startFakeServer(ServerCredentials.createSsl(ca, [pair], true));
  atEnd.push(() => {
    fake.kill();
  });
  return fake.url;
}

function call(url: string, credentials?: ClientCredentials): Promise<boolean> {
  const { signal } = new AbortController();
  const server = connect({ url, signal, credentials, callTimeoutMs: 5_000 });
  atEnd.push(() => {
    server.close();
  });
  return server.isServerReady();
}

test('client and server of one run trust each other', async () => {
  expect(await call(await serve(mine), await readClientCredentials(mine, now))).toBe(true);
});

test('a client without a certificate is rejected, with a hint at --credentials', async () => {
  await expect(call(await serve(mine))).rejects.toMatchObject({
    failure: 'unreachable',
    detail: expect.stringContaining('--credentials'),
  });
});

test('a client of another run does not trust the server', async () => {
  await expect(call(await serve(mine), await readClientCredentials(other, now))).rejects.toMatchObject({
    failure: 'untrusted',
    detail: expect.stringMatching(/the server's certificate is not accepted: self-signed certificate/),
    fix: expect.stringContaining('hpc-gat endpoints'),
  });
});

test('a server that does not trust the client rejects it', async () => {
  await expect(call(await serve(mine, other), await readClientCredentials(mine, now))).rejects.toMatchObject({
    detail: expect.stringMatching(/may not accept these credentials|rejected the client's certificate/),
  });
});

test('an expired certificate of the server is reported as expired', async () => {
  const old = path.join(temporaryDirectory(), 'old');
  const past = new Date(now.getTime() - 48 * hourMs);
  await makeCredentials(old, { now: past, until: past });
  // These are the client's certificates of that time.
  await expect(call(await serve(old), await readClientCredentials(old, past))).rejects.toMatchObject({
    failure: 'untrusted',
    detail: expect.stringContaining('certificate has expired'),
  });
});

test('a server without TLS is reported as such', async () => {
  const fake = await startFakeServer();
  atEnd.push(() => {
    fake.kill();
  });
  await expect(call(fake.url, await readClientCredentials(mine, now))).rejects.toMatchObject({
    failure: 'untrusted',
    detail: 'the server does not use TLS',
  });
});

test('credentials that expired, or are not yet valid, are rejected before any call', async () => {
  const at = (hours: number) => readClientCredentials(mine, new Date(now.getTime() + hours * hourMs));
  await expect(at(3)).rejects.toThrow(/expired at/);
  await expect(at(-2)).rejects.toThrow(/are valid from .*, but the time here is/);
});

test.each(['ca.pem', 'client.pem', 'client-key.pem'])(
  '%s is rejected when it is missing, invalid, or of another run',
  async (name) => {
    const directory = temporaryDirectory();
    for (const file of ['ca.pem', 'client.pem', 'client-key.pem']) {
      await copyFile(path.join(mine, file), path.join(directory, file));
    }
    await writeFile(path.join(directory, name), 'nonsense');
    await expect(readClientCredentials(directory, now)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining(`${path.join(directory, name)} is not a PEM file`),
    });
    await rm(path.join(directory, name));
    await expect(readClientCredentials(directory, now)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining(`there is no ${path.join(directory, name)}`),
    });
  },
);

test('a key of another run is rejected', async () => {
  const directory = temporaryDirectory();
  await copyFile(path.join(mine, 'ca.pem'), path.join(directory, 'ca.pem'));
  await copyFile(path.join(mine, 'client.pem'), path.join(directory, 'client.pem'));
  await copyFile(path.join(other, 'client-key.pem'), path.join(directory, 'client-key.pem'));
  await expect(readClientCredentials(directory, now)).rejects.toThrow(/is not the key of client\.pem/);
});
