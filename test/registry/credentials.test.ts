import { describe, expect, test } from '@jest/globals';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { findCredentials, type FoundCredentials } from '../../src/registry/find-credentials.ts';
import { testContext } from '../support/context.ts';
import { fakeProgram } from '../support/fake-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const auth = (text: string) => Buffer.from(text).toString('base64');

/** Runs with a home that contains this configuration of Docker, and a credential helper `fake` that knows one host. */
async function find(
  host: string,
  config: unknown,
  env: Record<string, string> = {},
): Promise<FoundCredentials> {
  const home = temporaryDirectory();
  await mkdir(path.join(home, '.docker'));
  await writeFile(
    path.join(home, '.docker', 'config.json'),
    typeof config === 'string' ? config : JSON.stringify(config),
  );
  fakeProgram(
    home,
    'docker-credential-fake',
    `[ "$1" = get ] || exit 1
     read server || :
     case $server in
       helped.io | https://https.io) echo '{"ServerURL":"x","Username":"u","Secret":"from-helper"}' ;;
       token.io) echo '{"ServerURL":"x","Username":"<token>","Secret":"from-helper"}' ;;
       *) echo credentials not found in native keychain; exit 1 ;;
     esac`,
  );
  fakeProgram(home, 'docker-credential-failing', 'echo hidden; echo hidden >&2; exit 3');
  fakeProgram(home, 'docker-credential-garbage', `echo 'hidden {"Username":null}'`);
  return findCredentials(
    { host, repository: 'r/img', usesEnvironment: true },
    testContext({ env: { HOME: home, PATH: `${home}:/usr/bin:/bin`, ...env } }),
  );
}

const password = (username: string, secret: string) => ({ kind: 'password', username, password: secret });
const login = (username: string) => ({ auth: auth(`${username}:p`) });
const aIo = { auths: { 'a.io': { auth: auth('u:p') } } };

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
    // Go's programs write null for an empty value, and read names in any case.
    ['a.io', { credHelpers: null, credsStore: null, HttpHeaders: null, ...aIo }, password('u', 'p')],
    ['a.io', { auths: { 'b.io': null, ...aIo.auths } }, password('u', 'p')],
    ['a.io', { auths: { 'b.io': 7, 'c.io': [], 'd.io': 'x', ...aIo.auths } }, password('u', 'p')],
    [
      'a.io',
      { auths: { 'a.io': { auth: auth('u:p'), identitytoken: null, email: null } } },
      password('u', 'p'),
    ],
    ['a.io', { auths: { 'a.io': { auth: auth('u:p'), identitytoken: 7 } } }, password('u', 'p')],
    ['a.io', { credHelpers: { 'a.io': null, 'b.io': 7 }, ...aIo }, password('u', 'p')],
    ['a.io', { credHelpers: ['x'], credsStore: {}, ...aIo }, password('u', 'p')],
    ['a.io', { Auths: { 'a.io': { Auth: auth('u:p') } } }, password('u', 'p')],
    ['a.io', { auths: null }, undefined],
    ['a.io', `\ufeff${JSON.stringify(aIo)}`, password('u', 'p')],
    // These are other forms of credentials.
    ['a.io', { auths: { 'a.io': { username: 'u', password: 'p:q' } } }, password('u', 'p:q')],
    ['a.io', { auths: { 'a.io': { auth: '', username: 'u', password: 'p' } } }, password('u', 'p')],
    ['a.io', { auths: { 'a.io': { registrytoken: 'R' } } }, { kind: 'registry-token', token: 'R' }],
    ['a.io', { auths: { 'a.io': { auth: auth('u:p??>>').replace(/=+$/, '') } } }, password('u', 'p??>>')],
    // The longest matching key wins, and never one of another namespace.
    [
      'a.io',
      { auths: { 'a.io': login('whole'), 'a.io/r': login('r'), 'a.io/r/img': login('img') } },
      password('img', 'p'),
    ],
    [
      'a.io',
      { auths: { 'a.io': login('whole'), 'a.io/other': login('o'), 'a.io/r': login('r') } },
      password('r', 'p'),
    ],
    ['a.io', { auths: { 'a.io/other': login('o'), 'a.io': login('whole') } }, password('whole', 'p')],
    [
      'a.io',
      { auths: { 'a.io/other': login('o'), 'a.io/r/im': login('o'), 'a.io/r/img/x': login('o') } },
      undefined,
    ],
    ['a.io', { auths: { 'a.io/r': {}, 'a.io': login('whole') } }, password('whole', 'p')],
    [
      'a.io',
      { auths: { 'https://a.io/v1/': login('address'), 'a.io': login('exact') } },
      password('exact', 'p'),
    ],
    ['a.io', { auths: { 'http://a.io/other': login('u') } }, password('u', 'p')],
    ['A.io', { auths: { 'a.IO': login('u') } }, password('u', 'p')],
    ['a.io', { auths: { 'a.io:5000': login('o') } }, undefined],
    [
      'docker.io',
      { auths: { 'docker.io/r': login('r'), 'https://index.docker.io/v1/': login('w') } },
      password('r', 'p'),
    ],
    ['docker.io', { auths: { 'index.docker.io/v1/': login('u') } }, password('u', 'p')],
    ['docker.io', { auths: { 'registry-1.docker.io': login('u') } }, password('u', 'p')],
    // These entries use helpers.
    [
      'helped.io',
      { credsStore: 'fake', auths: { 'helped.io': login('stored') } },
      password('u', 'from-helper'),
    ],
    [
      'helped.io',
      { credHelpers: { 'helped.io': 'fake' }, credsStore: 'missing' },
      password('u', 'from-helper'),
    ],
    ['https.io', { credsStore: 'fake', auths: { 'https://https.io': {} } }, password('u', 'from-helper')],
    ['token.io', { credsStore: 'fake' }, { kind: 'identity-token', token: 'from-helper' }],
    ['helped.io', { credsStore: 'fake', auths: { 'helped.io/r': login('narrow') } }, password('narrow', 'p')],
    ['a.io', { credsStore: 'missing', ...aIo }, password('u', 'p')],
    ['a.io', { credsStore: 'failing', ...aIo }, password('u', 'p')],
    ['a.io', { credsStore: 'garbage', ...aIo }, password('u', 'p')],
    ['a.io', { credsStore: '../x', ...aIo }, password('u', 'p')],
    ['a.io', { credHelpers: { 'b.io': 'missing' }, ...aIo }, password('u', 'p')],
  ])('are found for %s in %j', async (host, config, expected) => {
    expect((await find(host, config)).credentials).toEqual(expected);
  });

  test('come first from the variables of Apptainer', async () => {
    const env = { APPTAINER_DOCKER_USERNAME: 'v', APPTAINER_DOCKER_PASSWORD: 'w' };
    const { credentials, origin } = await find('a.io', { auths: { 'a.io': { auth: auth('u:p') } } }, env);
    expect(credentials).toEqual(password('v', 'w'));
    expect(origin).toContain('APPTAINER_DOCKER_USERNAME');
  });

  test.each([
    ['a file that is not JSON', '{"auths": {"a.io": {"auth": "c2VjcmV0"', /cannot be used/],
    ['a file that is no object', '[]', /cannot be used: not a configuration of Docker/],
    ['a helper that is not installed', { credsStore: 'desktop' }, /docker-credential-desktop/],
    ['a helper that fails', { credsStore: 'failing' }, /docker-credential-failing failed \(exit code 3\)/],
    ['a helper that answers with something else', { credsStore: 'garbage' }, /did not return a user name/],
    ['a helper of no name', { credsStore: '../x' }, /not the name of a program/],
  ])('are absent because of %s, which is named without its content', async (_what, config, expected) => {
    const { credentials, origin } = await find('a.io', config);
    expect(credentials).toBeUndefined();
    expect(origin).toMatch(expected);
    expect(origin).not.toMatch(/c2VjcmV0|hidden/);
  });

  test('come from the first source that has any: variables, Docker, Apptainer, Podman', async () => {
    const home = temporaryDirectory();
    const files = [
      'named/auth.json',
      'apptainer/auth.json',
      '.docker/config.json',
      '.apptainer/docker-config.json',
      'run/containers/auth.json',
      '.config/containers/auth.json',
    ];
    const env = {
      HOME: home,
      REGISTRY_AUTH_FILE: path.join(home, 'named/auth.json'),
      APPTAINER_AUTH_FILE: path.join(home, 'apptainer/auth.json'),
      XDG_RUNTIME_DIR: path.join(home, 'run'),
    };
    const look = () =>
      findCredentials({ host: 'a.io', repository: 'r/img', usesEnvironment: true }, testContext({ env }));
    for (const file of files.toReversed()) {
      await mkdir(path.dirname(path.join(home, file)), { recursive: true });
      await writeFile(
        path.join(home, file),
        JSON.stringify({ auths: { 'a.io': login(path.dirname(file)) } }),
      );
      expect(await look()).toEqual({
        credentials: password(path.dirname(file), 'p'),
        origin: path.join(home, file),
      });
    }
    for (const broken of ['{', '{"auths": {"a.io": {}}}']) {
      await writeFile(path.join(home, files[0] ?? ''), broken);
      expect((await look()).credentials).toEqual(password('apptainer', 'p'));
    }
  });
});
