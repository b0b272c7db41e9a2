import { expect, test } from '@jest/globals';
import { hpcGat, createGatProject, quickModels, shell, tritonImage } from '../support/gat-project.ts';
import { describeInLab, type LabResult } from '../support/lab.ts';
import { checkLeaksAfterEach } from '../support/expect-no-leaks.ts';

const longMs = 180_000;
const node = 'workstation';

function run(id: string, ...more: string[]): Promise<LabResult> {
  return hpcGat(['run', '--runtime', 'docker', '--models', quickModels, '--id', id, ...more], { node });
}

function here(line: string): Promise<LabResult> {
  return shell(line, { node });
}

function happened(id: string, event: string): Promise<LabResult> {
  return here(`until grep -q '"${event}"' .hpc-gat/runs/${id}/events.jsonl 2>/dev/null; do sleep 0.1; done`);
}

async function prepare(): Promise<void> {
  await createGatProject();
  // Docker creates its own control group with its first container, and keeps it.
  await here(`docker run --rm --entrypoint true ${tritonImage}`);
}

describeInLab('run --runtime docker', () => {
  checkLeaksAfterEach(prepare);

  test(
    'starts, tests and stops, with the server on loopback only and files owned by the user',
    async () => {
      const running = run('in-docker');
      await happened('in-docker', 'ready');
      const name = (await here('cat .hpc-gat/runs/in-docker/owned/*/container')).stdout.trim();
      expect(name).toMatch(/^hpc-gat-in-docker-[0-9a-f]{8}$/);
      const inspected = await here(`docker inspect ${name}`);
      const [container] = JSON.parse(inspected.stdout) as [Record<string, Record<string, unknown>>];
      const { Config, HostConfig, Mounts } = container;
      const { grpcPort } = JSON.parse((await here('cat .hpc-gat/runs/in-docker/endpoint.json')).stdout) as {
        grpcPort: number;
      };
      expect(Config).toMatchObject({
        Image: tritonImage,
        User: '1001:1001',
        Env: expect.arrayContaining(['PYTHONNOUSERSITE=1', 'HOME=/tmp']),
        Labels: { 'hpc-gat.run': 'in-docker' },
      });
      expect(HostConfig).toMatchObject({
        AutoRemove: true,
        ShmSize: 1024 ** 3,
        CapDrop: ['ALL'],
        NetworkMode: name,
        PortBindings: { [`${grpcPort}/tcp`]: [{ HostIp: '127.0.0.1', HostPort: String(grpcPort) }] },
        Ulimits: expect.arrayContaining([{ Name: 'stack', Hard: 67_108_864, Soft: 67_108_864 }]),
      });
      expect(Mounts).toContainEqual(expect.objectContaining({ Destination: '/models', RW: false }));
      const listening = await here('ss --no-header --listening --tcp --numeric');
      expect(listening.stdout).toMatch(new RegExp(` 127\\.0\\.0\\.1:${grpcPort} `));
      expect(listening.stdout).not.toMatch(new RegExp(` (0\\.0\\.0\\.0|\\*|\\[::\\]):${grpcPort} `));
      const asked = ['--url', `127.0.0.1:${grpcPort}`, '--model', 'gat_test', '--timeout', '1', '--json'];
      const bob = await hpcGat(['wait-ready', ...asked], { node, user: 'bob', cwd: '/' });
      expect(bob).toMatchObject({ exitCode: 5, stdout: '', stderr: expect.stringContaining('TLS') });
      const { exitCode, stdout, stderr } = await running;
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
      // The machine determines whether the lab's daemon can raise this limit.
      const lifts = await here(`docker run --rm --ulimit memlock=-1 --entrypoint true ${tritonImage}`);
      expect(stderr.includes('warning: Docker is not allowed to set the limit memlock=-1 here')).toBe(
        lifts.exitCode !== 0,
      );
      expect(stdout.trimEnd().split('\n').at(-1)).toBe('PASS: infer');
      const result = JSON.parse((await here('cat .hpc-gat/runs/in-docker/result.json')).stdout) as object;
      const id = (await here(`docker image inspect --format '{{.Id}}' ${tritonImage}`)).stdout.trim();
      expect(result).toMatchObject({ image: { source: `docker-daemon:${tritonImage}`, id } });
      expect((await here('find .hpc-gat ! -user alice')).stdout).toBe('');
      expect((await here('grep -c tritonserver .hpc-gat/runs/in-docker/server.log')).stdout).not.toBe('0\n');
    },
    longMs,
  );

  test(
    'start leaves a server running, which is tested across the network and stopped',
    async () => {
      const started = await hpcGat(
        ['start', '--runtime', 'docker', '--models', quickModels, '--id', 'kept-in-docker'],
        { node },
      );
      expect({ exitCode: started.exitCode, stderr: started.stderr }).toMatchObject({ exitCode: 0 });
      expect(started.stdout).toMatch(
        /is served at 10\.[\d.]+:\d+ \(workstation\) until [^]*hpc-gat test kept/,
      );
      for (const from of [node, 'login']) {
        const { exitCode, stdout, stderr } = await hpcGat(['test'], { node: from });
        expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
        expect(stdout.trimEnd().split('\n').at(-1)).toBe('PASS: infer');
      }
      expect((await hpcGat(['status'], { node })).stdout).toMatch(/kept-in-docker +local +RUNNING .*serving/);
      expect((await hpcGat(['stop'], { node })).stdout).toMatch(/^end the script, process \d+/);
      expect((await hpcGat(['stop'], { node })).stdout.trim()).toBe('nothing to stop');
    },
    longMs,
  );

  test(
    'ends everything on SIGTERM, with exit code 143',
    async () => {
      const running = here(
        `hpc-gat run --runtime docker --id ended & echo $! >ended.pid; wait $!; code=$?; wait $!; exit $code`,
      );
      await happened('ended', 'server-started');
      await here('kill -TERM "$(cat ended.pid)"; rm ended.pid');
      const { exitCode, stderr } = await running;
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 143 });
      expect((await hpcGat(['cleanup'], { node })).stdout.trim()).toBe('nothing to clean up');
    },
    longMs,
  );

  test(
    'cleanup ends a run whose script and docker command were killed, whatever DOCKER_HOST is',
    async () => {
      void run('shot', '--gpu', '--allow-cpu');
      await happened('shot', 'server-started');
      await here(`until [ -n "$(docker ps --quiet --filter label=hpc-gat.run=shot)" ]; do sleep 0.1; done
        kill -KILL $(cut -d ' ' -f 1 .hpc-gat/runs/shot/owned/*/{script,client,server})`);
      expect((await hpcGat(['status', 'shot'], { node })).stdout).toMatch(
        /shot +local +LOST .* left resources on workstation/,
      );
      expect((await here('docker ps --quiet --filter label=hpc-gat.run=shot')).stdout).not.toBe('');
      const elsewhere = { node, env: { DOCKER_HOST: 'unix:///nowhere.sock' } };
      expect((await hpcGat(['cleanup', 'shot'], elsewhere)).stdout).toMatch(/^shot: end and remove/);
      expect((await hpcGat(['cleanup', 'shot'], elsewhere)).stdout.trim()).toBe('nothing to clean up');
    },
    longMs,
  );

  test(
    'a script that is started a second time ends the resources of its first start, and passes',
    async () => {
      const first = run('twice');
      await happened('twice', 'server-started');
      const second = await shell('bash .hpc-gat/runs/twice/batch.sh', { node, timeoutMs: 120_000 });
      expect(second).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('ended: passed') });
      expect((await first).stderr).toMatch(/ended: terminated/);
      expect((await here('ls .hpc-gat/runs/twice/owned')).stdout).toBe('');
    },
    longMs,
  );

  test("--gpu without GPU support in the daemon reports Docker's error", async () => {
    const { exitCode, stderr } = await run('no-gpu', '--gpu');
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1 });
    expect(stderr).toMatch(/no GPU is visible in the container: .*could not select device driver/);
    expect(stderr).toMatch(/fix: .*nvidia-container-toolkit.*--allow-cpu/);
  });

  test.each([
    ['no docker', ['run'], { PATH: '/usr/local/bin' }, 3, /docker is not on the PATH[^]*fix: install/],
    [
      'no daemon',
      ['run'],
      { DOCKER_HOST: 'unix:///nowhere.sock' },
      3,
      /no Docker daemon at unix:\/\/\/nowhere/,
    ],
    [
      'an unknown image',
      ['run', '--image', 'hpc-gat/triton-cpu:2.15'],
      {},
      2,
      /has no image .*2\.15[^]*2\.51/,
    ],
    ['a batch job', ['submit'], {}, 2, /clusters have no Docker[^]*fix: use `hpc-gat run`/],
    [
      'a job that serves',
      ['submit', '--serve'],
      {},
      2,
      /clusters have no Docker[^]*fix: use `hpc-gat start`/,
    ],
    [
      'a daemon elsewhere',
      ['start'],
      { DOCKER_HOST: 'tcp://login:2375' },
      2,
      /on another machine[^]*fix: run/,
    ],
  ])('reports its error: %s', async (_what, verb, env, code, message) => {
    const { exitCode, stderr } = await hpcGat([...verb, '--runtime', 'docker', '--id', 'refused'], {
      node,
      env,
    });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: code });
    expect(stderr).toMatch(message);
    expect((await here('ls -d .hpc-gat/runs/refused')).exitCode).not.toBe(0);
  });

  test('with --dry-run, prints its script and runs nothing', async () => {
    const { exitCode, stdout } = await run('not-run', '--dry-run');
    expect({ exitCode, stdout }).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^#!\/bin\/bash/),
    });
    expect(stdout).toContain(`image=${tritonImage}`);
    expect((await here('ls -d .hpc-gat/runs/not-run')).exitCode).not.toBe(0);
  });

  test('reports its error: a user without access to Docker', async () => {
    const { exitCode, stderr } = await shell(
      'setpriv --reuid=alice --regid=alice --clear-groups hpc-gat run --runtime docker --id refused',
      { node, user: 'root' },
    );
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 3 });
    expect(stderr).toMatch(/you have no access to the Docker daemon[^]*usermod -aG docker/);
  });
});
