import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../src/support/package/package-root.ts';
import { describeInLab, labExec } from '../support/lab.ts';
import { workstation } from '../support/workstation.ts';

const directory = '/scratch/make-sif-registry';
const { shell, stdoutOf, importImage, files } = workstation(directory);
const [open, closed] = ['127.0.0.1:5000', '127.0.0.1:5001'];
/** The user name of NVIDIA's registry, which a shell, Docker and Apptainer must not expand as a variable. */
const user = "'$oauthtoken'";
/** A proxy in front of the first registry that breaks connections. */
const relayed = '127.0.0.1:5002';
const relay = readFileSync(path.join(packageRoot, 'test/registry/cut-connections.py'));
const password = 'not-a-secret-but-never-shown';
/** Hash of that password by crypt(3) in the Blowfish form, the only one that docker-registry supports. */
const passwordHash = '$2b$04$q0qPpB64L9HxkVMT6rGp1umMmVMOPNv5SHyoxXJx37sUx8CVRJIOa';
const longMs = 120_000;

/** Starts Debian's docker-registry with its data in the test's directory; its process id is written to a file. */
function startRegistry(address: string, name: string, more = ''): Promise<string> {
  return stdoutOf(`
    set -e
    cat >registry/${name}.yml <<END
version: 0.1
storage: { filesystem: { rootdirectory: ${directory}/registry/${name} } }
http: { addr: ${address} }
${more}
END
    setsid docker-registry serve registry/${name}.yml >registry/${name}.log 2>&1 </dev/null &
    echo $! >registry/${name}.pid
    for i in $(seq 100); do curl -s -o registry/answer http://${address}/v2/ && exit 0; sleep 0.1; done
    cat registry/${name}.log >&2; exit 1`);
}

async function push(address: string, tag: string, greeting: string, options = {}): Promise<void> {
  const image = `${address}/lab/small:${tag}`;
  await importImage(image, greeting);
  await stdoutOf(`docker push --quiet ${image}`, options);
}

async function fails(line: string, code: number, ...messages: RegExp[]): Promise<void> {
  const { exitCode, stdout, stderr } = await shell(line);
  expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: code, stdout: '' });
  for (const message of messages) {
    expect(stderr).toMatch(message);
  }
  expect(stderr).not.toContain(password);
  expect(await files()).toEqual(['registry']);
}

describeInLab('make-sif from a registry', () => {
  beforeAll(async () => {
    await labExec('workstation', ['sh', '-c', `rm -rf ${directory}; mkdir -p -m 755 ${directory}`], {
      cwd: '/',
    });
    await stdoutOf(`mkdir registry; echo ${user}':${passwordHash}' >registry/htpasswd`);
    await startRegistry(open, 'open');
    await startRegistry(
      closed,
      'closed',
      `auth: { htpasswd: { realm: lab, path: ${directory}/registry/htpasswd } }`,
    );
  }, longMs);
  beforeEach(async () => {
    await stdoutOf('find . -mindepth 1 -maxdepth 1 ! -name registry -exec rm -rf {} +');
  });
  afterAll(async () => {
    await shell(`
      for pid in registry/*.pid; do kill $(cat $pid); done
      docker image ls --format '{{.Repository}}:{{.Tag}}' | grep '^127.0.0.1:500' | xargs docker image rm --force
      rm -rf ${directory}`);
  });

  describe('without a password', () => {
    const make = `hpc-gat make-sif docker://${open}/lab/small:1 --plain-http -o x.sif`;

    test('makes a working SIF, and another when the tag has moved', async () => {
      await push(open, '1', 'one');
      expect(await stdoutOf(make)).toContain('zstd:3');
      expect(await stdoutOf('apptainer run x.sif')).toBe('one');
      expect(await stdoutOf('apptainer exec x.sif env | grep ^ODD=')).toBe('ODD=a  b;c');
      await stdoutOf(`${make.replace('x.sif', 'other.sif')} --engine apptainer`);
      expect(await stdoutOf('apptainer run other.sif; rm other.sif*')).toBe('one');
      const digest = await stdoutOf(
        `docker image inspect -f '{{index .RepoDigests 0}}' ${open}/lab/small:1 | sed 's/.*@//'`,
      );
      expect(JSON.parse(await stdoutOf('cat x.sif.json'))).toMatchObject({
        source: `docker://${open}/lab/small:1`,
        identity: { kind: 'docker', manifestDigest: digest },
      });
      expect(await stdoutOf(make)).toBe('x.sif: up to date (the source has not changed)');
      await push(open, '1', 'moved');
      expect(await stdoutOf(`${make} --dry-run`)).toBe('x.sif: would be made (the source has changed)');
      await stdoutOf(make);
      expect(await stdoutOf('apptainer run x.sif')).toBe('moved');
      await stdoutOf(`hpc-gat make-sif docker://${open}/lab/small@${digest} --plain-http -o first.sif`);
      expect(await stdoutOf('apptainer run first.sif')).toBe('one');
      expect(await files()).toEqual(['first.sif', 'first.sif.json', 'registry', 'x.sif', 'x.sif.json']);
    });

    test('takes the image of this platform out of an index, past mirrors without it', async () => {
      await push(open, 'part', 'from an index');
      await stdoutOf(`docker buildx imagetools create -t ${open}/lab/small:index ${open}/lab/small:part`);
      // The option is in the settings instead of on the command line.
      const settings = `{ plainHttp: ["${open}"], mirrors: { "${open}": ["http://127.0.0.1:5999", "http://${closed}"] } }`;
      await stdoutOf(`printf '%s' 'registry: ${settings}' >registry/hpc-gat.yaml`);
      for (const engine of ['apptainer', 'native']) {
        await stdoutOf(
          `hpc-gat make-sif docker://${open}/lab/small:index --engine ${engine} --config registry/hpc-gat.yaml -o x.sif`,
        );
        expect(await stdoutOf('apptainer run x.sif')).toBe('from an index');
      }
    });

    test('resumes after a broken connection', async () => {
      await importImage(`${open}/lab/large:1`, 'in pieces', 8);
      await stdoutOf(`docker push --quiet ${open}/lab/large:1`);
      const [wholeMake, cutMake] = [open, relayed].map(
        (address) => `hpc-gat make-sif docker://${address}/lab/large:1 --plain-http --no-cache -o x.sif`,
      );
      await stdoutOf(`${wholeMake}; mv x.sif whole.sif`);
      await stdoutOf('cat >registry/cut.py', { input: relay });
      await stdoutOf(`
        setsid python3 registry/cut.py ${relayed.split(':')[1]} ${open.split(':')[1]} 1000000 4 >registry/cuts </dev/null 2>&1 &
        echo $! >registry/relay.pid
        for i in $(seq 100); do curl -s -o registry/answer http://${relayed}/v2/ && exit 0; sleep 0.1; done
        cat registry/cuts >&2; exit 1`);
      await stdoutOf(`${cutMake}`);
      expect(await stdoutOf('cat registry/cuts')).toBe('cut 1\ncut 2\ncut 3\ncut 4');
      // The blob is requested in pieces with an offset; the registry logs the size of each response.
      expect(await stdoutOf(`grep -c 'http.response.status=206' registry/open.log`)).toBe('4');
      expect(await stdoutOf('apptainer run x.sif')).toBe('in pieces');
      const payload = (file: string) => stdoutOf(`apptainer exec ${file} cat /random | sha256sum`);
      expect(await payload('x.sif')).toBe(await payload('whole.sif'));
    });

    test('rejects a layer that was damaged in the registry', async () => {
      await push(open, 'damaged', 'soon damaged');
      const layer = await stdoutOf(
        `curl -s -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' http://${open}/v2/lab/small/manifests/damaged | jq -r '.layers[0].digest'`,
      );
      const hex = layer.replace('sha256:', '');
      await stdoutOf(`
        cd registry/open/docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}
        printf garbage | dd of=data bs=1 seek=5000 conv=notrunc 2>/dev/null`);
      await fails(
        `hpc-gat make-sif docker://${open}/lab/small:damaged --plain-http -o x.sif`,
        1,
        /is damaged: its layer sha256:/,
      );
    });

    test('reports its errors', async () => {
      await push(open, '24.05', 'x');
      const source = `docker://${open}/lab/small`;
      await fails(
        `hpc-gat make-sif ${source}:24.5 --plain-http -o x.sif`,
        2,
        /did you mean .*small:24\.05\?/,
      );
      await fails(
        `hpc-gat make-sif docker://${open}/nothing --plain-http -o x.sif`,
        2,
        /the repository nothing does not exist/,
      );
      await fails(`hpc-gat make-sif ${source}:24.05 -o x.sif`, 1, /does not use TLS/, /--plain-http/);
      await fails('hpc-gat make-sif docker://127.0.0.1:5999/x --plain-http', 1, /no registry responds at/);
    });
  });

  test('a definition file on a base behind a password uses the credentials of Apptainer, or those of make-sif', async () => {
    const settings = `registry: { plainHttp: ['${closed}'] }
image: { file: server.sif, compression: 'gzip:1' }
build: { with: apptainer, server: { base: 'docker://${closed}/lab/base:1', requirements: none.txt } }
`;
    const definition = `Bootstrap: docker\nFrom: ${closed}/lab/base:1\n%post\n  env >/variables\n`;
    const home = `DOCKER_CONFIG=${directory}/registry/home`;
    await stdoutOf(`mkdir registry/build; : >registry/build/none.txt; cat >registry/build/hpc-gat.yaml`, {
      input: settings,
    });
    await stdoutOf('cat >registry/build/env.def', { input: definition });
    await stdoutOf(`${home} docker login ${closed} --username ${user} --password-stdin`, { input: password });
    await importImage(`${closed}/lab/base:1`, 'a base');
    await stdoutOf(`${home} docker push --quiet ${closed}/lab/base:1`);

    const build = 'cd registry/build && hpc-gat build server';
    await fails(build, 1, /requires a login for lab\/base:1/, /apptainer registry login/);
    const named = `export APPTAINER_DOCKER_USERNAME=${user} APPTAINER_DOCKER_PASSWORD=${password}`;
    expect(await stdoutOf(`${named}; ${build}`)).toMatch(/^server: server\.sif: .* by apptainer/);
    expect(await stdoutOf('apptainer run registry/build/server.sif')).toBe('a base');
    await stdoutOf(`apptainer registry login --username ${user} --password-stdin docker://${closed}`, {
      input: password,
    });
    expect(await stdoutOf(`${build} --force`)).toMatch(/ by apptainer/);
    await stdoutOf(`apptainer registry logout docker://${closed}`);

    // The build commands receive the proxy variables, and the SIF contains none of them.
    const proxy = 'https_proxy=http://user:hidden@127.0.0.1:1';
    await stdoutOf(`export ${home} ${proxy}; cd registry/build && hpc-gat make-sif env.def`);
    expect(await stdoutOf('apptainer exec registry/build/env.sif cat /variables | grep proxy')).toBe(proxy);
    expect(await stdoutOf('apptainer exec --cleanenv registry/build/env.sif env')).not.toContain('hidden');
    expect(
      await stdoutOf('cat registry/build/env.sif.json; apptainer sif dump 1 registry/build/env.sif'),
    ).not.toContain('hidden');
  });

  test('with a password, uses the credentials of `docker login` and prints them nowhere', async () => {
    const make = `hpc-gat make-sif docker://${closed}/lab/small:1 --plain-http -o x.sif`;
    const home = { env: { DOCKER_CONFIG: `${directory}/registry/home` } };
    const login = `docker login ${closed} --username ${user} --password-stdin`;
    await stdoutOf(login, { ...home, input: password });
    await push(closed, '1', 'behind a password', home);

    await fails(make, 1, /requires a login for lab\/small:1/, /fix: `docker login 127\.0\.0\.1:5001`/);
    const wrong = `APPTAINER_DOCKER_USERNAME=${user} APPTAINER_DOCKER_PASSWORD=wrong`;
    await fails(
      `${wrong} ${make}`,
      1,
      /denies the user of APPTAINER_DOCKER_USERNAME .* access to lab\/small:1/,
    );

    const { exitCode, stdout, stderr } = await shell(make, home);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(await stdoutOf('apptainer run x.sif')).toBe('behind a password');
    expect(stdout + stderr + (await stdoutOf('cat x.sif.json'))).not.toContain(password);
  });
});
