import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { clientImage, importClientImage } from '../support/client-image.ts';
import { createGatProject, projectDirectory, shell, tritonImage } from '../support/gat-project.ts';
import { describeInLab, labExec } from '../support/lab.ts';
import { installPipWheels } from '../support/pip-wheels.ts';
import { buildOneFile } from '../support/published.ts';
import { testLab } from '../support/test-lab.ts';

/** The project is inside that of the other tests, whose SIF is the base for Apptainer. */
const directory = `${projectDirectory}/build`;
const wheels = '/scratch/pip-wheels';
const [base, server, client] = [
  'hpc-gat-e2e/triton-pip:1',
  'hpc-gat-e2e/built-server:1',
  'hpc-gat-e2e/built-client:1',
];
const longMs = 240_000;

const on = (node: string) => (line: string) => shell(line, { node, cwd: directory, timeoutMs: longMs });
const [workstation, login] = [on('workstation'), on('login')];

async function expectOk(doing: ReturnType<typeof login>): Promise<string> {
  const { exitCode, stdout, stderr } = await doing;
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
}

const settings = `site: lab
image: { source: 'docker-daemon:${server}', file: server.sif, compression: 'zstd:1' }
client:
  where: image
  image: { source: 'docker-daemon:${client}', file: client.sif, compression: 'zstd:1' }
  binary: hpc-gat-alone
build:
  packageIndex: http://127.0.0.1:8099/simple
  dockerArguments: [--network, host]
  server: { base: '${base}', requirements: packages.txt }
  client: { base: '${clientImage}' }
`;

/** Builds an image of Triton with pip, and an index of packages in the simple layout. */
const prepare = `
set -e
rm -rf base index; mkdir -p base index/simple/tqdm
cp ${wheels}/pip-*.whl base/pip.whl
printf 'FROM ${tritonImage}\\nCOPY pip.whl /opt/pip.whl\\nENV PYTHONPATH=/opt/pip.whl\\n' >base/Dockerfile
docker build --quiet --tag ${base} base
cp ${wheels}/tqdm-*.whl index/simple/tqdm/
(cd index/simple/tqdm; for wheel in *; do echo "<a href=$wheel>$wheel</a>"; done >index.html)
echo tqdm >packages.txt`;
/** The index listens on the loopback of a node. */
const serveIndex = `setsid busybox httpd -f -p 127.0.0.1:8099 -h index </dev/null >/dev/null 2>&1 & echo $! >$(hostname).pid`;

/** Removes the wheels, which belong to the host's root. */
async function removeWheels(): Promise<void> {
  await rm(path.join((await testLab()).directory, wheels), { recursive: true, force: true });
}

describeInLab('build', () => {
  beforeAll(async () => {
    await createGatProject();
    await removeWheels();
    await installPipWheels(path.join((await testLab()).directory, wheels));
    await shell(`rm -rf ${directory}; mkdir ${directory}`);
    await expectOk(workstation(`cp ${await buildOneFile()} hpc-gat-alone`));
    await importClientImage();
    await labExec('login', ['tee', `${directory}/hpc-gat.yaml`], { input: settings });
    await expectOk(workstation(prepare));
    await expectOk(workstation(serveIndex));
    await expectOk(login(serveIndex));
  }, longMs);
  afterAll(async () => {
    await login('kill $(cat login.pid)');
    await workstation(
      `kill $(cat workstation.pid); docker image rm --force ${base} ${server} ${client} ${clientImage}`,
    );
    await shell(`rm -rf ${directory}`);
    await removeWheels();
  });

  test(
    'with Docker, builds both images with packages of a private index, and stages the model',
    async () => {
      const printed = await expectOk(workstation('hpc-gat build --json'));
      expect(JSON.parse(printed)).toMatchObject({
        images: [
          { target: 'server', builder: 'docker', state: 'built', image: `docker-daemon:${server}` },
          { target: 'client', builder: 'docker', state: 'built', image: `docker-daemon:${client}` },
        ],
        model: { name: 'gat_test', state: 'placed' },
      });
      const look = `docker run --rm --network host ${server} python3 -c 'import tqdm; print(tqdm.__version__)'`;
      expect((await expectOk(workstation(look))).trim()).toBe('4.67.1');
      expect(await expectOk(login('hpc-gat model list'))).toContain('gat_test');
      await expectOk(
        workstation(`hpc-gat make-sif docker-daemon:${client} --compression zstd:1 -o client.sif`),
      );
      expect(await expectOk(login('apptainer run client.sif --version'))).toMatch(/^\d+\.\d+\.\d+/);
    },
    longMs,
  );

  test(
    'without Docker, builds both SIFs on the login node with packages, and a batch job with both passes',
    async () => {
      for (const [image, sif] of [
        [base, 'base.sif'],
        [clientImage, 'client-base.sif'],
      ]) {
        // The compression is that of triton.sif, whose layers are cached.
        await expectOk(workstation(`hpc-gat make-sif docker-daemon:${image} --compression auto -o ${sif}`));
      }
      await login(`sed -i "s/base: '${base.replace('/', '.')}'/base: base.sif/; s/base: '${clientImage.replace('/', '.')}'/base: client-base.sif/" hpc-gat.yaml
        sed -i 's/requests: 50/requests: 3/' models/gat_test/workload.yaml`);
      const made = await login('hpc-gat build');
      expect(made).toMatchObject({ exitCode: 0 });
      expect(made.stderr).toMatch(/^building with Apptainer: no Docker daemon/);
      expect(made.stdout).toMatch(
        /^server: server\.sif: .* zstd:1, [^]*client: client\.sif: .* zstd:1, [^]*model: models\/gat_test is there already/,
      );
      expect((await expectOk(login('hpc-gat build server'))).trim()).toBe(
        'server: server.sif: up to date (the source has not changed)',
      );
      await expectOk(login("apptainer exec --cleanenv server.sif python3 -c 'import tqdm'"));
      // With the client in its image, the node of the job does not need Node.
      expect(await expectOk(login('hpc-gat submit --wait --id built'))).toContain('PASS: infer');
      const result = await expectOk(login('cat .hpc-gat/runs/built/result.json'));
      expect(JSON.parse(result)).toMatchObject({ reference: [{}, {}, {}] });
    },
    longMs,
  );

  test(
    'accepts the self-contained client file as the client where Node is missing',
    async () => {
      await login(
        "sed -i 's/where: image/where: binary/; s/file: server.sif/file: ..\\/triton.sif/' hpc-gat.yaml",
      );
      const withoutNode = `env -i HOME=$HOME USER=$USER PATH=/usr/bin:/bin`;
      const printed = await expectOk(login(`${withoutNode} ./hpc-gat-alone submit --wait --id alone`));
      expect(printed).toContain('PASS: infer');
      expect(await expectOk(login('grep ^client= .hpc-gat/runs/alone/batch.sh'))).toContain(
        `client=(${directory}/hpc-gat-alone)`,
      );
    },
    longMs,
  );

  test(
    'reports its plan and its errors',
    async () => {
      const planned = await login(`hpc-gat build server --base ${base} --with docker --dry-run`);
      expect(planned.stdout).toMatch(/^server: docker build --tag \S+ --build-arg BASE=\S+/);
      const unknown = await login('hpc-gat build server --release 24.5 --config /dev/null');
      expect(unknown).toMatchObject({ exitCode: 2 });
      expect(unknown.stderr).toMatch(/unknown Triton release "24\.5"\n {2}fix: did you mean 24\.05\?/);
      await login('echo no-such-package >packages.txt');
      const failed = await workstation(`hpc-gat build server --base ${base}`);
      expect(failed).toMatchObject({ exitCode: 4 });
      expect(failed.stderr).toMatch(/docker build failed[^]*no-such-package/);
    },
    longMs,
  );
});
