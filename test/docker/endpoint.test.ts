import { describe, expect, test } from '@jest/globals';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { findDockerEndpoint } from '../../src/docker/endpoint.ts';
import { sha256OfBytes } from '../../src/support/digest.ts';
import { UsageError } from '../../src/support/errors.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describe('the daemon', () => {
  test.each([
    [undefined, { kind: 'unix', socket: '/var/run/docker.sock' }],
    ['', { kind: 'unix', socket: '/var/run/docker.sock' }],
    ['unix:///run/user/1000/docker.sock', { kind: 'unix', socket: '/run/user/1000/docker.sock' }],
    ['tcp://10.1.2.3:2375', { kind: 'tcp', host: '10.1.2.3', port: 2375 }],
    ['tcp://builder', { kind: 'tcp', host: 'builder', port: 2375 }],
    ['tcp://[::1]:99', { kind: 'tcp', host: '::1', port: 99 }],
  ])('of DOCKER_HOST=%s', async (host, endpoint) => {
    await expect(findDockerEndpoint({ HOME: '/nowhere', DOCKER_HOST: host })).resolves.toMatchObject(
      endpoint,
    );
  });

  test.each(['ssh://me@host', 'unix://relative', 'fd://', 'localhost:1', 'tcp://'])(
    '%s is refused',
    async (host) => {
      await expect(findDockerEndpoint({ DOCKER_HOST: host })).rejects.toThrow(UsageError);
    },
  );

  test('behind TLS is refused for now', async () => {
    const env = { DOCKER_HOST: 'tcp://h:2376', DOCKER_TLS_VERIFY: '1' };
    await expect(findDockerEndpoint(env)).rejects.toThrow('TLS');
  });
});

describe('the context', () => {
  async function configured(): Promise<string> {
    const folder = temporaryFolder();
    const meta = path.join(folder, 'contexts', 'meta', sha256OfBytes('rootless'));
    await mkdir(meta, { recursive: true });
    const Endpoints = { docker: { Host: 'unix:///run/user/7/docker.sock', SkipTLSVerify: false } };
    await writeFile(path.join(meta, 'meta.json'), JSON.stringify({ Name: 'rootless', Endpoints }));
    await writeFile(path.join(folder, 'config.json'), JSON.stringify({ currentContext: 'rootless' }));
    return folder;
  }

  test('that docker uses is used', async () => {
    const DOCKER_CONFIG = await configured();
    const rootless = { socket: '/run/user/7/docker.sock' };
    await expect(findDockerEndpoint({ DOCKER_CONFIG })).resolves.toMatchObject(rootless);
    const chosen = { DOCKER_CONFIG, DOCKER_CONTEXT: 'default' };
    await expect(findDockerEndpoint(chosen)).resolves.toMatchObject({ socket: '/var/run/docker.sock' });
    const host = { DOCKER_CONFIG, DOCKER_HOST: 'tcp://h:1' };
    await expect(findDockerEndpoint(host)).resolves.toMatchObject({ host: 'h' });
  });

  test('that is unknown is named', async () => {
    const env = { DOCKER_CONFIG: await configured(), DOCKER_CONTEXT: 'rotless' };
    await expect(findDockerEndpoint(env)).rejects.toThrow('no usable Docker context "rotless"');
  });

  test('of a broken config.json is ignored', async () => {
    const DOCKER_CONFIG = await configured();
    await writeFile(path.join(DOCKER_CONFIG, 'config.json'), '{');
    await expect(findDockerEndpoint({ DOCKER_CONFIG })).resolves.toMatchObject({
      socket: '/var/run/docker.sock',
    });
  });
});
