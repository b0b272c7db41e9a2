import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { clientImage, importClientImage } from '../support/client-image.ts';
import {
  createGatProject,
  projectDirectory,
  quickModels,
  shell,
  tritonImage,
} from '../support/gat-project.ts';
import { describeInLab, labExec } from '../support/lab.ts';
import { checkLeaksAfterEach } from '../support/expect-no-leaks.ts';

/** The project is inside that of the other tests, whose SIF and models it uses. */
const directory = `${projectDirectory}/client-where`;
const longMs = 180_000;

const inDirectory = (line: string, node = 'login') =>
  shell(line, { node, cwd: directory, timeoutMs: 120_000 });

async function configure(client: string): Promise<void> {
  const settings = `site: lab
image: { source: 'docker-daemon:${tritonImage}', file: ../triton.sif }
model: { repository: ../${quickModels} }
triton: { stopSeconds: 4 }
client: ${client}
`;
  await labExec('login', ['tee', `${directory}/hpc-gat.yaml`], { input: settings });
}

const clientInImage = `{ where: image, image: { source: 'docker-daemon:${clientImage}', file: client.sif } }`;

describeInLab('the client of a run', () => {
  checkLeaksAfterEach(async () => {
    await createGatProject();
    await shell(`mkdir -p ${directory}`);
    // Docker creates its own control group with its first container, and keeps it.
    await shell(`docker run --rm --entrypoint true ${tritonImage}`, { node: 'workstation' });
  });
  afterAll(async () => {
    await labExec('workstation', ['docker', 'image', 'rm', '--force', clientImage]);
    await shell(`rm -rf ${directory}`);
  });

  test('must exist before a job is submitted', async () => {
    await configure('{ where: binary, binary: ./hpc-gat-alone }');
    const missing = await inDirectory('hpc-gat submit');
    expect(missing).toMatchObject({ exitCode: 2 });
    expect(missing.stderr).toMatch(/no client binary at .*hpc-gat-alone/);
  });

  test(
    'may have another version when the job starts, which is reported',
    async () => {
      await inDirectory('ln -s "$(command -v hpc-gat)" hpc-gat-alone');
      const submitted = await inDirectory('hpc-gat submit --id replaced --sbatch hold');
      expect(submitted).toMatchObject({ exitCode: 0 });
      await inDirectory(`rm hpc-gat-alone && cat >hpc-gat-alone <<'END' && chmod +x hpc-gat-alone
#!/bin/sh
[ "$1" = --version ] && echo 99.1.2 || exec hpc-gat "$@"
END
        scontrol release "$(jq -r .jobId .hpc-gat/runs/replaced/job.json)"
        until [ -e .hpc-gat/runs/replaced/ended.json ]; do sleep 0.1; done`);
      const { stdout } = await inDirectory('hpc-gat logs replaced --only batch');
      expect(stdout).toMatch(/note: the client is hpc-gat 99\.1\.2, the run was made by \d/);
      expect(stdout).toMatch(/ended: passed \(exit code 0\)$/m);
    },
    longMs,
  );

  describe('in its own image', () => {
    beforeAll(async () => {
      await importClientImage();
      await configure(clientInImage);
    }, longMs);

    test(
      'is converted together with the image of the server',
      async () => {
        const made = await shell('hpc-gat make-sif --json', {
          node: 'workstation',
          cwd: directory,
          timeoutMs: longMs,
        });
        expect(made).toMatchObject({ exitCode: 0 });
        expect(JSON.parse(made.stdout)).toMatchObject([
          { state: 'up to date', file: `${projectDirectory}/triton.sif` },
          { state: 'made', file: `${directory}/client.sif` },
        ]);
      },
      longMs,
    );

    /** Starts a run whose model never becomes ready, and waits until its client logs that it waits. */
    const startWaiting = async (id: string, { node = 'login', runtime = 'apptainer' } = {}) => {
      await inDirectory(`cp -r ../${quickModels} slow-${id}
        printf 'import time\\nclass TritonPythonModel:\\n  def initialize(self, args): time.sleep(600)\\n' >slow-${id}/model.py
        cd slow-${id}/gat_test && rm 1/* && mv ../model.py 1/ && sed -i 's/^platform.*/backend: "python"/' config.pbtxt`);
      const run = `hpc-gat run --runtime ${runtime} --id ${id} --models slow-${id}`;
      void inDirectory(`${run} >${id}.txt 2>&1; echo $? >${id}.code`, node);
      await inDirectory(`until grep -q 'waiting for model' ${id}.txt; do sleep 0.1; done`);
    };
    const clients = `ps -u alice -o args | grep -c '[w]ait-ready' || true`;

    test(
      'ends with SIGTERM to the script, and leaves nothing behind',
      async () => {
        await startWaiting('ended');
        expect((await inDirectory(clients)).stdout.trim()).not.toBe('0');
        await inDirectory(`kill -TERM "$(cut -d ' ' -f 1 .hpc-gat/runs/ended/owned/*/script)"
          until [ -e ended.code ]; do sleep 0.1; done`);
        expect((await inDirectory(clients)).stdout.trim()).toBe('0');
        expect((await inDirectory('cat .hpc-gat/runs/ended/ended.json')).stdout).toContain('"terminated"');
      },
      longMs,
    );

    test(
      'is ended by cleanup when its script was killed and it ignores SIGTERM',
      async () => {
        await startWaiting('frozen');
        await inDirectory(`kill -KILL "$(cut -d ' ' -f 1 .hpc-gat/runs/frozen/owned/*/script)"
          kill -STOP $(pgrep -x node -P "$(cut -d ' ' -f 1 .hpc-gat/runs/frozen/owned/*/client)")`);
        const { exitCode, stderr } = await inDirectory('hpc-gat cleanup frozen');
        expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
        expect((await inDirectory(clients)).stdout.trim()).toBe('0');
      },
      longMs,
    );

    test(
      "runs with Docker as a container beside the server's, and ends as it does",
      async () => {
        const node = 'workstation';
        const images = (run: string) =>
          inDirectory(`docker ps --all --filter label=hpc-gat.run=${run} --format '{{.Image}}' | sort`, node);
        const { exitCode, stdout, stderr } = await inDirectory(
          'hpc-gat run --runtime docker --id passes',
          node,
        );
        expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
        expect(stdout.trimEnd().split('\n').at(-1)).toBe('PASS: infer');
        expect((await inDirectory('find .hpc-gat ! -user alice')).stdout).toBe('');
        expect((await images('passes')).stdout).toBe('');

        await startWaiting('dead-in-docker', { node, runtime: 'docker' });
        expect((await images('dead-in-docker')).stdout).toBe(`${clientImage}\n${tritonImage}`);
        await inDirectory(
          `docker kill $(docker ps --quiet --filter label=hpc-gat.run=dead-in-docker --filter name=hpc-gat-dead)
           until [ -e dead-in-docker.code ]; do sleep 0.1; done`,
          node,
        );
        expect((await inDirectory('cat .hpc-gat/runs/dead-in-docker/ended.json')).stdout).toContain(
          '"server-ended"',
        );
        expect((await images('dead-in-docker')).stdout).toBe('');

        await startWaiting('shot-in-docker', { node, runtime: 'docker' });
        await inDirectory(
          `kill -KILL $(cut -d ' ' -f 1 .hpc-gat/runs/shot-in-docker/owned/*/{script,client,server})`,
          node,
        );
        expect((await images('shot-in-docker')).stdout).toBe(`${clientImage}\n${tritonImage}`);
        expect((await inDirectory('hpc-gat cleanup shot-in-docker', node)).exitCode).toBe(0);
        expect((await images('shot-in-docker')).stdout).toBe('');
      },
      longMs,
    );
  });
});
