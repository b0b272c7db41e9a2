import { describe, expect, test } from '@jest/globals';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { findCredentials, type FoundCredentials } from '../../src/registry/credentials.ts';
import { testContext } from '../support/context.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const auth = (text: string) => Buffer.from(text).toString('base64');

/** With a home that holds this configuration of Docker, and a credential helper `fake` that knows one host. */
async function find(
  host: string,
  config: unknown,
  env: Record<string, string> = {},
): Promise<FoundCredentials> {
  const home = temporaryFolder();
  await mkdir(path.join(home, '.docker'));
  await writeFile(
    path.join(home, '.docker', 'config.json'),
    typeof config === 'string' ? config : JSON.stringify(config),
  );
  const helper = path.join(home, 'docker-credential-fake');
  await writeFile(
    helper,
    `#!/bin/sh
     [ "$1" = get ] && [ "$(cat)" = helped.io ] || { echo credentials not found; exit 1; }
     echo '{"ServerURL":"helped.io","Username":"u","Secret":"from-helper"}'`,
  );
  await chmod(helper, 0o755);
  return findCredentials(host, testContext({ env: { HOME: home, PATH: `${home}:/usr/bin:/bin`, ...env } }));
}

const password = (username: string, secret: string) => ({ kind: 'password', username, password: secret });

describe('credentials for a registry', () => {
  test.each([
    [
      'nvcr.io',
      { auths: { 'nvcr.io': { auth: auth('$oauthtoken:key:with:colons') } } },
      password('$oauthtoken', 'key:with:colons'),
    ],
    ['a.io:5000', { auths: { 'https://a.io:5000/v2/': { auth: auth('u:p') } } }, password('u', 'p')],
    ['docker.io', { auths: { 'https://index.docker.io/v1/': { auth: auth('u:p') } } }, password('u', 'p')],
    ['a.io', { auths: { 'a.io': { auth: '', identitytoken: 'T' } } }, { kind: 'identity-token', token: 'T' }],
    ['helped.io', { credHelpers: { 'helped.io': 'fake' } }, password('u', 'from-helper')],
    ['helped.io', { credsStore: 'fake', auths: { 'helped.io': {} } }, password('u', 'from-helper')],
    ['a.io', { credsStore: 'fake', auths: { 'a.io': { auth: auth('u:p') } } }, password('u', 'p')],
    ['b.io', { auths: { 'a.io': { auth: auth('u:p') } } }, undefined],
    ['a.io', { auths: { 'a.io': { auth: auth('no colon') } } }, undefined],
  ])('%s, from %j', async (host, config, expected) => {
    expect((await find(host, config)).credentials).toEqual(expected);
  });

  test('come from the variables of Apptainer first', async () => {
    const env = { APPTAINER_DOCKER_USERNAME: 'v', APPTAINER_DOCKER_PASSWORD: 'w' };
    const { credentials, origin } = await find('a.io', { auths: { 'a.io': { auth: auth('u:p') } } }, env);
    expect(credentials).toEqual(password('v', 'w'));
    expect(origin).toContain('APPTAINER_DOCKER_USERNAME');
  });

  test.each([
    ['a file that is not JSON', '{"auths": {"a.io": {"auth": "c2VjcmV0"', /cannot be used/],
    ['a helper that is not installed', { credsStore: 'desktop' }, /docker-credential-desktop/],
  ])(
    '%s is named as the reason that there are none, without its content',
    async (_what, config, expected) => {
      const { credentials, origin } = await find('a.io', config);
      expect(credentials).toBeUndefined();
      expect(origin).toMatch(expected);
      expect(origin).not.toContain('c2VjcmV0');
    },
  );
});
