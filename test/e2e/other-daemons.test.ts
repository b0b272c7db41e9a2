import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import path from 'node:path';
import { makeCertificates } from '../../src/run/certificates.ts';
import { encodeExitProgram } from '../../src/image/convert/codec-probe/exit-program.ts';
import { layerBytes } from '../image/layer-bytes.ts';
import { noise } from '../image/noise.ts';
import { savedByDocker20 } from '../image/saved-image.ts';
import { installDebian12, startedFrom } from '../support/debian12.ts';
import { describeInLab, labExec } from '../support/lab.ts';
import { testLab } from '../support/test-lab.ts';
import { workstation } from '../support/workstation.ts';

const directory = '/scratch/other-daemons';
const debian12 = `${directory}/debian-12`;
const image = 'hpc-gat-e2e/daemons:1';
const longMs = 120_000;
const { shell, stdoutOf } = workstation(directory);

/** One layer occurs twice, so files hidden by an upper one return. */
const lower = layerBytes([
  { name: 'hidden', data: noise(400_000, 1) },
  { name: 'owned', data: 'owned', uid: 1234, gid: 100, mode: 0o750 },
  { name: 'linked', type: '1', link: 'owned' },
]);
const upper = layerBytes([{ name: '.wh.hidden' }, { name: 'large', data: noise(700_000, 2) }]);
const layers = [lower, upper, layerBytes([{ name: 'large', data: noise(600_000, 3) }]), lower];

const asRoot = (line: string, input?: Uint8Array) =>
  stdoutOf(line, { user: 'root', ...(input && { input }) });

/** Runs a line in the background, waits for a condition, and fails after half a minute. */
const started = (command: string, name: string, condition: string) => `
  ${command} >${name}.log 2>&1 &
  echo $! >${name}.pid
  timeout 30 sh -c 'until ${condition} >/dev/null 2>&1; do sleep 0.1; done' || { cat ${name}.log >&2; exit 1; }`;

/** Kills the process whose id is in that file, if there is one. */
const ended = (pidFile: string) => `
  if [ -e ${pidFile} ]; then
    pid=$(cat ${pidFile}); kill -KILL $pid
    timeout 20 sh -c "while kill -0 $pid 2>/dev/null; do sleep 0.1; done"
  fi`;

const bridge = (name: string) => `br-${name}`;

/**
 * Starts a second daemon with its own mounts, which end with it. It has its own bridge: with `--bridge none`, a daemon
 * removes `docker0` even if it belongs to another daemon.
 */
const dockerd = (name: string, options: string, before = '') => {
  const own = [
    `--data-root ${directory}/${name}-data --exec-root ${directory}/${name}-exec --pidfile ${directory}/${name}.daemon`,
    `--host unix://${directory}/${name}.sock --bridge ${bridge(name)} --iptables=false --ip6tables=false --shutdown-timeout 1`,
  ].join(' ');
  const isolated = 'unshare --mount --pid --mount-proc --fork --kill-child';
  return `ip link add name ${bridge(name)} type bridge
    ${started(
      `${isolated} sh -c '${before} exec dockerd ${own} ${options}'`,
      name,
      `DOCKER_HOST=unix://${directory}/${name}.sock docker version`,
    )}`;
};

const dockerdEnded = (name: string) => `${ended(`${name}.pid`)}
  if [ -e ${name}.pid ]; then ip link delete ${bridge(name)}; fi`;

const withStore = { DOCKER_HOST: `unix://${directory}/containerd.sock` };
const docker20 = { DOCKER_HOST: `unix://${directory}/docker20.sock` };
const behindTls = {
  DOCKER_HOST: 'tcp://localhost:23760',
  DOCKER_TLS_VERIFY: '1',
  DOCKER_CERT_PATH: `${directory}/certificates`,
};
const convert = (source: string, sif: string) =>
  `hpc-gat make-sif --engine native ${source} -o ${sif} --force`;

describeInLab('other daemons', () => {
  beforeAll(async () => {
    await labExec('workstation', ['sh', '-c', `rm -rf ${directory}; mkdir -p -m 777 ${directory}`], {
      user: 'root',
      cwd: '/',
    });
    await installDebian12(path.join((await testLab()).directory, debian12));
    await stdoutOf('docker load', { input: savedByDocker20(layers, image) });
    await stdoutOf(`set -e
      mkdir docker28 docker20 containerd podman
      docker save -o docker28/image.tar ${image}
      ${convert(`docker-daemon:${image}`, 'daemon.sif')}
      ${convert('docker-archive:docker28/image.tar', 'archive.sif')}
      ${convert('oci-archive:docker28/image.tar', 'layout.sif')}`);
  }, longMs);
  afterAll(async () => {
    await asRoot(
      `${dockerdEnded('docker20')}; ${dockerdEnded('containerd')}; docker image rm --force ${image}; cd /; rm -rf ${directory}`,
    );
  }, longMs);

  describe("Docker 20.10, Debian 12's", () => {
    beforeAll(async () => {
      const { ca, server, client } = await makeCertificates('localhost', {
        notBefore: new Date(Date.now() - 3_600_000),
        notAfter: new Date(Date.now() + 3_600_000),
      });
      const files = {
        'ca.pem': ca,
        'server.pem': server.certificate,
        'server-key.pem': server.key,
        'cert.pem': client.certificate,
        'key.pem': client.key,
      };
      await stdoutOf('mkdir -p certificates');
      for (const [name, text] of Object.entries(files)) {
        await stdoutOf(`cat >certificates/${name}`, { input: text });
      }
      const tls = '--tlsverify --tlscacert certificates/ca.pem --tlscert certificates/server.pem';
      const options = `--storage-driver vfs --host tcp://127.0.0.1:23760 ${tls} --tlskey certificates/server-key.pem`;
      // podman re-executes itself without the paths of the environment.
      const place = `here=$(echo /usr/lib/*-linux-gnu)
        mount -t overlay -o lowerdir=${debian12}:$here overlay $here; export PATH=${debian12}:$PATH;`;
      await asRoot(dockerd('docker20', options, place));
      await stdoutOf('docker load -i docker28/image.tar', { env: docker20 });
    }, longMs);

    test('gives the SIF that Docker 28 gives', async () => {
      expect(await stdoutOf("docker version --format '{{.Server.Version}}'", { env: docker20 })).toMatch(
        /^20\.10\./,
      );
      await stdoutOf(`${convert(`docker-daemon:${image}`, 'x.sif')} && cmp x.sif daemon.sif`, {
        env: docker20,
      });
    });

    test('saves an archive that gives the SIF of an archive of Docker 28', async () => {
      await stdoutOf(`docker save -o docker20/image.tar ${image}`, { env: docker20 });
      expect(await stdoutOf('tar -tf docker20/image.tar')).not.toMatch(/^blobs/m);
      await stdoutOf(`${convert('docker-archive:docker20/image.tar', 'x.sif')} && cmp x.sif archive.sif`);
    });

    test('saves an archive that gives the same SIF when it is compressed', async () => {
      await stdoutOf(`docker save ${image} | gzip >docker20/image.tar.gz`, { env: docker20 });
      await stdoutOf(`${convert('docker-archive:docker20/image.tar.gz', 'x.sif')} && cmp x.sif archive.sif`);
    });

    test('gives the same SIF behind TLS', async () => {
      await stdoutOf(`${convert(`docker-daemon:${image}`, 'x.sif')} && cmp x.sif daemon.sif`, {
        env: behindTls,
      });
    });

    test.each<[string, Record<string, string>, RegExp]>([
      [
        'without a certificate',
        { ...behindTls, DOCKER_CERT_PATH: `${directory}/only-ca` },
        /rejects the certificate of this user[^]*cert\.pem and key\.pem/,
      ],
      [
        'and does not know its CA',
        { ...behindTls, DOCKER_CERT_PATH: `${directory}/docker28` },
        /certificate of the Docker daemon at \S+ is not trusted[^]*ca\.pem/,
      ],
      [
        'without TLS',
        { DOCKER_HOST: behindTls.DOCKER_HOST },
        /HTTP request to an HTTPS server\.\n {2}fix: it requires TLS: set DOCKER_TLS_VERIFY=1/,
      ],
    ])('reports a client that connects %s', async (_how, env, message) => {
      await stdoutOf('mkdir -p only-ca && cp certificates/ca.pem only-ca');
      const { exitCode, stderr } = await shell(convert(`docker-daemon:${image}`, 'refused.sif'), { env });
      expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringMatching(message) });
    });
  });

  describe("Docker 28 with containerd's image store, as in Docker 29", () => {
    beforeAll(async () => {
      await asRoot(`
        echo '{"features":{"containerd-snapshotter":true}}' >containerd.json
        ${dockerd('containerd', `--config-file ${directory}/containerd.json`)}`);
      await stdoutOf('docker load -i docker28/image.tar', { env: withStore });
    }, longMs);

    test('gives the same SIF from its socket', async () => {
      expect(await stdoutOf("docker info --format '{{.DriverStatus}}'", { env: withStore })).toContain(
        'io.containerd.snapshotter',
      );
      await stdoutOf(`${convert(`docker-daemon:${image}`, 'x.sif')} && cmp x.sif daemon.sif`, {
        env: withStore,
      });
    });

    test.each([
      ['docker-archive', 'archive.sif'],
      ['oci-archive', 'layout.sif'],
    ])('saves an archive that gives the same SIF, read as %s', async (kind, sif) => {
      await stdoutOf(`docker save -o containerd/image.tar ${image}`, { env: withStore });
      await stdoutOf(`${convert(`${kind}:containerd/image.tar`, 'x.sif')} && cmp x.sif ${sif}`);
    });

    test('saves an archive that gives the same SIF when it is compressed', async () => {
      await stdoutOf(`docker save ${image} | gzip >containerd/image.tar.gz`, { env: withStore });
      await stdoutOf(
        `${convert('docker-archive:containerd/image.tar.gz', 'x.sif')} && cmp x.sif archive.sif`,
      );
    });

    test('builds an image with an attestation and compressed layers, which converts from each source', async () => {
      const built = 'hpc-gat-e2e/built:1';
      const context = 'mkdir -p context; echo added >context/added';
      await stdoutOf(
        `${context}; printf 'FROM ${image}\nCOPY added /\n' >context/Dockerfile
        docker build --quiet -t ${built} context && docker save -o containerd/image.tar ${built} && gzip -kf containerd/image.tar`,
        { env: withStore },
      );
      expect(
        await stdoutOf('tar -xOf containerd/image.tar --wildcards "blobs/sha256/*" | grep -ac in-toto'),
      ).not.toBe('0');
      for (const source of [
        `docker-daemon:${built}`,
        'docker-archive:containerd/image.tar',
        'docker-archive:containerd/image.tar.gz',
        'oci-archive:containerd/image.tar',
      ]) {
        await stdoutOf(convert(source, 'x.sif'), { env: withStore });
        expect((await stdoutOf('hpc-gat sif list --tree x.sif')).split('\n')).toEqual(
          expect.arrayContaining(['/added', '/large', '/linked']),
        );
      }
    });

    test('stores images for several platforms, each of which becomes a SIF for that platform only', async () => {
      const built = 'hpc-gat-e2e/platforms:1';
      const platforms = ['amd64', 'arm64'];
      await stdoutOf('mkdir -p platforms');
      for (const platform of platforms) {
        const input = encodeExitProgram(platform) ?? Buffer.alloc(0);
        await stdoutOf(`cat >platforms/${platform}; chmod 755 platforms/${platform}`, { input });
      }
      await stdoutOf(
        `printf 'FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /bin/sh\n' >platforms/Dockerfile
        docker build --quiet --platform linux/amd64,linux/arm64 -t ${built} platforms`,
        { env: withStore },
      );
      const make = `hpc-gat make-sif docker-daemon:${built} -o x.sif`;
      for (const engine of ['native', 'apptainer']) {
        for (const platform of platforms) {
          await stdoutOf(`${make} --engine ${engine} --platform linux/${platform}`, { env: withStore });
          expect(JSON.parse(await stdoutOf('cat x.sif.json'))).toMatchObject({
            architecture: platform,
            engine: { name: engine },
          });
        }
      }
      expect(await shell(`${make} --platform linux/s390x`, { env: withStore })).toMatchObject({
        exitCode: 2,
        stderr: expect.stringMatching(/is an image for linux\/\w+, not for linux\/s390x\n {2}fix: /),
      });
    });
  });

  describe("Podman without root, Debian 12's", () => {
    /** Its storage, its socket and its certificates are in the directory. */
    const own = { HOME: `${directory}/podman`, XDG_RUNTIME_DIR: `${directory}/podman/run` };
    const podman = `${startedFrom(debian12, 'podman')} --storage-driver vfs`;
    const socket = `${own.XDG_RUNTIME_DIR}/podman/podman.sock`;
    /** Runs a line of bash on a node without Docker. */
    const onLogin = async (line: string) => {
      const { exitCode, stdout, stderr } = await labExec('login', ['bash', '-ec', line], {
        ...{ cwd: directory, env: own, timeoutMs: longMs },
      });
      expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
      return stdout.trim();
    };
    beforeAll(async () => {
      await onLogin(`
        mkdir -p $HOME/.config/containers; mkdir -p -m 700 $XDG_RUNTIME_DIR $XDG_RUNTIME_DIR/podman
        echo '{"default":[{"type":"insecureAcceptAnything"}]}' >$HOME/.config/containers/policy.json
        ${podman} load --quiet -i docker28/image.tar`);
    }, longMs);
    afterAll(async () => {
      // Without root, every Podman leaves a process that holds its namespaces.
      await onLogin(`${ended('podman.pid')}
        ${podman} unshare rm -rf $HOME/.local
        ${ended('$XDG_RUNTIME_DIR/libpod/tmp/pause.pid')}`);
    });

    test('gives the SIF of Docker, from the socket that is found automatically', async () => {
      await onLogin(
        started(`${podman} system service --time=0 unix://${socket}`, 'podman', `test -S ${socket}`),
      );
      await onLogin(
        `test ! -e /var/run/docker.sock; ${convert(`docker-daemon:${image}`, 'x.sif')}; cmp x.sif daemon.sif`,
      );
    });

    test.each([
      ['docker-archive', 'archive.sif'],
      ['oci-archive', 'layout.sif'],
    ])('saves an archive (%s) that gives the SIF of an archive of Docker', async (format, sif) => {
      await onLogin(`rm -f podman/image.tar; ${podman} save --quiet --format ${format} -o podman/image.tar ${image}
        ${convert(`${format}:podman/image.tar`, 'x.sif')}; cmp x.sif ${sif}`);
    });

    test('saves an archive that gives the same SIF when it is compressed', async () => {
      await onLogin(`rm -f podman/image.tar*; ${podman} save --quiet --format docker-archive ${image} | gzip >podman/image.tar.gz
        ${convert('docker-archive:podman/image.tar.gz', 'x.sif')}; cmp x.sif archive.sif`);
    });
  });
});
