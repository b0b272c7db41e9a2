import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { constants } from 'node:fs';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { findDockerEndpoint } from '../../src/docker/endpoint.ts';
import { hashBytes } from '../../src/support/files/digest.ts';
import { UsageError } from '../../src/support/errors.ts';
import { inspectImage } from '../../src/docker/images.ts';
import { makeCertificates } from '../../src/run/certificates.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { answerJson, imageId, inspectAnswer } from './fake-daemon.ts';

describe('the daemon', () => {
  test.each([
    [undefined, { kind: 'unix', socket: '/var/run/docker.sock' }],
    ['', { kind: 'unix', socket: '/var/run/docker.sock' }],
    ['unix:///run/user/1000/docker.sock', { kind: 'unix', socket: '/run/user/1000/docker.sock' }],
    ['tcp://10.1.2.3:2375', { kind: 'tcp', host: '10.1.2.3', port: 2375 }],
    ['tcp://builder', { kind: 'tcp', host: 'builder', port: 2375 }],
    ['tcp://[::1]:99', { kind: 'tcp', host: '::1', port: 99 }],
  ])('is found with DOCKER_HOST=%s', async (host, endpoint) => {
    await expect(findDockerEndpoint({ HOME: '/nowhere', DOCKER_HOST: host })).resolves.toMatchObject(
      endpoint,
    );
  });

  test.each(['ssh://me@host', 'unix://relative', 'fd://', 'localhost:1', 'tcp://'])(
    'is rejected at %s',
    async (host) => {
      await expect(findDockerEndpoint({ DOCKER_HOST: host })).rejects.toThrow(UsageError);
    },
  );

  test('is rejected behind ssh with one clear error and the alternative', async () => {
    await expect(findDockerEndpoint({ DOCKER_HOST: 'ssh://me@host' })).rejects.toMatchObject({
      message: expect.stringContaining('over ssh'),
      fix: expect.stringContaining('`ssh me@host docker save NAME >image.tar`'),
    });
    await expect(findDockerEndpoint({ DOCKER_HOST: 'ssh://me@host:2222/run/docker.sock' })).rejects.toThrow(
      expect.objectContaining({ fix: expect.stringContaining('`ssh -p 2222 me@host docker save ') }),
    );
  });

  test.each(['docker.sock', 'podman/podman.sock'])(
    "is found at the user's own %s when the system's is not accessible",
    async (name) => {
      const directory = temporaryDirectory();
      await mkdir(path.join(directory, 'podman'));
      await writeFile(path.join(directory, name), '');
      const own = { socket: path.join(directory, name) };
      const system = { socket: '/var/run/docker.sock' };
      const isUsable = await access('/var/run/docker.sock', constants.W_OK).then(
        () => true,
        () => false,
      );
      await expect(findDockerEndpoint({ XDG_RUNTIME_DIR: directory })).resolves.toMatchObject(
        isUsable ? system : own,
      );
    },
  );
});

describe('behind TLS', () => {
  let pem: Record<string, string>;
  let daemon: Server;
  beforeAll(async () => {
    const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) };
    const { ca, server, client } = await makeCertificates('localhost', validity);
    pem = { ca, cert: client.certificate, key: client.key };
    const options = { ca, cert: server.certificate, key: server.key, requestCert: true };
    daemon = createServer(options, (_request, response) => {
      answerJson(response, 200, inspectAnswer());
    });
    await new Promise<void>((listening) => daemon.listen(0, 'localhost', listening));
  });
  afterAll(() => {
    daemon.close();
  });

  async function certificates(directory = temporaryDirectory()): Promise<string> {
    await mkdir(directory, { recursive: true });
    await Promise.all(
      Object.entries(pem).map(([name, text]) => writeFile(path.join(directory, `${name}.pem`), text)),
    );
    return directory;
  }

  const never = new AbortController().signal;
  const url = () => `tcp://localhost:${(daemon.address() as AddressInfo).port}`;

  test('is contacted with the certificates of DOCKER_CERT_PATH', async () => {
    const env = { DOCKER_HOST: url(), DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: await certificates() };
    const endpoint = await findDockerEndpoint(env);
    await expect(inspectImage(endpoint, 'x:1', never)).resolves.toMatchObject({ Id: imageId });
  });

  test('is not trusted when its authority is unknown', async () => {
    const env = { DOCKER_HOST: url(), DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: temporaryDirectory() };
    const asking = inspectImage(await findDockerEndpoint(env), 'x:1', never);
    await expect(asking).rejects.toThrow(/not trusted|certificate/);
  });

  test('has the default port 2376', async () => {
    const env = {
      DOCKER_HOST: 'tcp://builder',
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CERT_PATH: await certificates(),
    };
    await expect(findDockerEndpoint(env)).resolves.toMatchObject({ host: 'builder', port: 2376 });
  });

  test('uses the certificates of its context', async () => {
    const config = temporaryDirectory();
    const name = hashBytes('far');
    const meta = path.join(config, 'contexts', 'meta', name);
    await mkdir(meta, { recursive: true });
    await writeFile(
      path.join(meta, 'meta.json'),
      JSON.stringify({ Endpoints: { docker: { Host: url(), SkipTLSVerify: false } } }),
    );
    await certificates(path.join(config, 'contexts', 'tls', name, 'docker'));
    const endpoint = await findDockerEndpoint({ DOCKER_CONFIG: config, DOCKER_CONTEXT: 'far' });
    await expect(inspectImage(endpoint, 'x:1', never)).resolves.toMatchObject({ Id: imageId });
  });
});

describe('the context', () => {
  async function configured(): Promise<string> {
    const directory = temporaryDirectory();
    const meta = path.join(directory, 'contexts', 'meta', hashBytes('rootless'));
    await mkdir(meta, { recursive: true });
    const Endpoints = { docker: { Host: 'unix:///run/user/7/docker.sock', SkipTLSVerify: false } };
    await writeFile(path.join(meta, 'meta.json'), JSON.stringify({ Name: 'rootless', Endpoints }));
    await writeFile(path.join(directory, 'config.json'), JSON.stringify({ currentContext: 'rootless' }));
    return directory;
  }

  test('is the one that docker uses', async () => {
    const DOCKER_CONFIG = await configured();
    const rootless = { socket: '/run/user/7/docker.sock' };
    await expect(findDockerEndpoint({ DOCKER_CONFIG })).resolves.toMatchObject(rootless);
    const chosen = { DOCKER_CONFIG, DOCKER_CONTEXT: 'default' };
    await expect(findDockerEndpoint(chosen)).resolves.toMatchObject({ socket: '/var/run/docker.sock' });
    const host = { DOCKER_CONFIG, DOCKER_HOST: 'tcp://h:1' };
    await expect(findDockerEndpoint(host)).resolves.toMatchObject({ host: 'h' });
  });

  test('is reported by name when it does not exist', async () => {
    const env = { DOCKER_CONFIG: await configured(), DOCKER_CONTEXT: 'rotless' };
    await expect(findDockerEndpoint(env)).rejects.toThrow('the Docker context "rotless" does not exist');
  });

  test('is ignored when config.json is broken', async () => {
    const DOCKER_CONFIG = await configured();
    await writeFile(path.join(DOCKER_CONFIG, 'config.json'), '{');
    await expect(findDockerEndpoint({ DOCKER_CONFIG })).resolves.toMatchObject({
      socket: '/var/run/docker.sock',
    });
  });
});
