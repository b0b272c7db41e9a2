import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openRegistryImage, readRegistryImage } from '../../src/image/source/registry-image.ts';
import type { LayerReading } from '../../src/image/source/layers/layered-image.ts';
import { HpcGatError, getErrorMessage } from '../../src/support/errors.ts';
import type { RunCommand } from '../../src/support/processes/command.ts';
import { testContext } from '../support/context.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { drawScenario, type Scenario } from './odd/scenario.ts';
import { basicOf, layers, OddServers, secrets, serverNames, type ServerName } from './odd/servers.ts';

/** HPC_GAT_SEEDS=3000 runs more seeds, HPC_GAT_FIRST_SEED=1000 others. */
const count = Number(process.env.HPC_GAT_SEEDS ?? 150);
const firstSeed = Number(process.env.HPC_GAT_FIRST_SEED ?? 1);
const seeds = Array.from({ length: count }, (_, index) => firstSeed + index);

const servers = new OddServers();
beforeAll(() => servers.start());
afterAll(() => servers.stop());

/** Creates the files of a user with these credentials, and with others for other hosts. */
async function homeOf({ login, isNamespaced, noise }: Scenario): Promise<string> {
  const home = temporaryDirectory();
  const { username, password, identity, registryToken, decoy } = secrets;
  const host = servers.host('registry');
  const entry = {
    auth: { auth: basicOf(username, password) },
    fields: { username, password },
    identity: { auth: basicOf(username, ''), identitytoken: identity },
    'registry-token': { registrytoken: registryToken },
    environment: undefined,
    helper: {},
    none: undefined,
  }[login];
  const other = { auth: basicOf('mallory', decoy) };
  const auths = {
    [`${host}/other`]: other,
    ...noise,
    [isNamespaced ? `${host}/r` : host]: entry,
    [`${host}/r/im`]: other,
    [servers.host('storage')]: other,
    [servers.host('greedy')]: { identitytoken: decoy },
  };
  await mkdir(path.join(home, '.docker'));
  await writeFile(
    path.join(home, '.docker', 'config.json'),
    JSON.stringify({ credHelpers: null, ...(login === 'helper' && { credsStore: 'test' }), auths }),
  );
  return home;
}

const helper: RunCommand = (_file, _args, { input } = {}) => {
  const isKnown = String(input).startsWith(servers.host('registry'));
  const { username: Username, password: Secret } = secrets;
  return Promise.resolve({
    command: 'docker-credential-test get',
    exitCode: isKnown ? 0 : 1,
    signal: undefined,
    timedOut: false,
    stdout: isKnown ? JSON.stringify({ Username, Secret }) : 'credentials not found in native keychain',
    stderr: '',
  });
};

interface Outcome {
  readonly layers?: readonly Buffer[];
  readonly error?: unknown;
  readonly sleeps: readonly number[];
}

async function convert(scenario: Scenario): Promise<Outcome> {
  const { login, mirror } = scenario;
  const sleeps: number[] = [];
  const environment = {
    APPTAINER_DOCKER_USERNAME: secrets.username,
    APPTAINER_DOCKER_PASSWORD: secrets.password,
  };
  const context = testContext({
    env: { HOME: await homeOf(scenario), ...(login === 'environment' && environment) },
    run: helper,
    clock: {
      now: () => new Date(),
      sleep: (ms) => {
        sleeps.push(ms);
        return Promise.resolve();
      },
    },
  });
  const reading = {
    onBytes: () => undefined,
    onInflated: () => undefined,
    isCached: () => Promise.resolve(false),
    signal: context.signal,
  } as unknown as LayerReading;
  const found: Buffer[] = [];
  try {
    const opened = await readRegistryImage(
      {
        kind: 'docker',
        name: `${servers.host('registry')}/r/img:1`,
        plainHttp: true,
        ...(mirror !== 'none' && { mirrors: [`http://${servers.host('mirror')}`] }),
      },
      context,
    );
    const image = openRegistryImage(opened, context);
    for await (const layer of image.layers(reading)) {
      const chunks: Buffer[] = [];
      for await (const chunk of layer.bytes) {
        chunks.push(chunk);
      }
      found.push(Buffer.concat(chunks));
    }
    return { layers: found, sleeps };
  } catch (error) {
    return { error, sleeps };
  }
}

/** Returns the servers that may receive a secret. */
function allowed({ schemes, realm }: Scenario): Record<string, readonly ServerName[]> {
  const tokenServers: ServerName[] =
    schemes.includes('bearer') && realm !== 'odd' ? [realm === 'service' ? 'service' : 'registry'] : [];
  const passwordServers: ServerName[] = schemes.includes('basic')
    ? ['registry', ...tokenServers]
    : tokenServers;
  const isRegistryAsking: ServerName[] = schemes.length > 0 ? ['registry'] : [];
  return {
    [secrets.password]: passwordServers,
    [basicOf(secrets.username, secrets.password)]: passwordServers,
    [secrets.identity]: tokenServers,
    [secrets.registryToken]: isRegistryAsking,
    [secrets.decoy]: [],
    [basicOf('mallory', secrets.decoy)]: [],
    [secrets.token]: isRegistryAsking,
  };
}

/** Returns the requests with a secret that is not for their server. */
function leaksOf(scenario: Scenario): string[] {
  return Object.entries(allowed(scenario)).flatMap(([secret, places]) =>
    serverNames
      .filter((name) => !places.includes(name))
      .flatMap((name) => servers.received(name).filter((text) => text.includes(secret)))
      .map((text) => `${secret}: ${text}`),
  );
}

test.each(seeds)('seed %d gives the image or one clear error, and exposes no secret', async (seed) => {
  const scenario = drawScenario(seed);
  servers.play(scenario);
  const started = performance.now();
  const { layers: found, error, sleeps } = await convert(scenario);
  const seen = { seed, scenario };
  const reason = getErrorMessage(error);

  expect({ ...seen, leaks: leaksOf(scenario) }).toEqual({ ...seen, leaks: [] });
  if (error === undefined) {
    expect(found).toHaveLength(layers.length);
    expect(found?.map((layer, index) => layer.equals(layers[index] ?? Buffer.alloc(0)))).toEqual([
      true,
      true,
    ]);
  } else {
    const { message = '', fix = '', exitCode } = error instanceof HpcGatError ? error : {};
    expect({ ...seen, reason, isClear: [1, 4].includes(exitCode ?? 70) }).toMatchObject({ isClear: true });
    for (const secret of Object.keys(allowed(scenario))) {
      expect(message + fix).not.toContain(secret);
    }
    expect(message).not.toMatch(/[\r\n]/);
  }
  const isImage = error === undefined;
  expect({ ...seen, reason, isImage }).toEqual({ ...seen, reason, isImage: scenario.isPossible });
  expect(Math.max(0, ...sleeps)).toBeLessThanOrEqual(60_000);
  expect(sleeps.length).toBeLessThan(30);
  expect(performance.now() - started).toBeLessThan(10_000);
});

test('the seeds include some that give an image and some that cannot', () => {
  const possible = seeds.filter((seed) => drawScenario(seed).isPossible).length;
  expect(possible).toBeGreaterThan(0);
  expect(possible).toBeLessThan(seeds.length);
});

test('detects a client that sends its login to a storage host', async () => {
  const scenario = drawScenario(firstSeed);
  servers.play(scenario);
  const { username, password, identity } = secrets;
  const storage = `http://${servers.host('storage')}/token`;
  await fetch(storage, { headers: { authorization: `Basic ${basicOf(username, password)}` } });
  await fetch(storage, { method: 'POST', body: new URLSearchParams({ refresh_token: identity }) });
  expect(leaksOf(scenario)).toHaveLength(2);
});
