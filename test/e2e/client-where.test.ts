import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { clientImage, importClientImage } from '../support/client-image.ts';
import { makeGatProject, projectFolder, quickModels, shell, tritonImage } from '../support/gat-project.ts';
import { describeInLab, labExec } from '../support/lab.ts';
import { leavesNothing } from '../support/look.ts';

/** Below the project of the other tests, whose SIF and models it uses. */
const folder = `${projectFolder}/client-where`;
const longMs = 180_000;

const inFolder = (line: string, timeoutMs = 120_000) => shell(line, { cwd: folder, timeoutMs });

async function configure(client: string): Promise<void> {
  const settings = `site: lab
image: { source: 'docker-daemon:${tritonImage}', file: ../triton.sif }
model: { repository: ../${quickModels} }
triton: { stopSeconds: 4 }
client: ${client}
`;
  await labExec('login', ['tee', `${folder}/hpc-gat.yaml`], { input: settings });
}

const clientInImage = `{ where: image, image: { source: 'docker-daemon:${clientImage}', file: client.sif } }`;

describeInLab('the client of a run', () => {
  leavesNothing(async () => {
    await makeGatProject();
    await shell(`mkdir -p ${folder}`);
  });
  afterAll(async () => {
    await labExec('workstation', ['docker', 'image', 'rm', '--force', clientImage]);
    await shell(`rm -rf ${folder}`);
  });

  test('has to be there before anything waits in a queue', async () => {
    await configure('{ where: binary, binary: ./hpc-gat-alone }');
    const missing = await inFolder('hpc-gat submit');
    expect(missing).toMatchObject({ exitCode: 2 });
    expect(missing.stderr).toMatch(/no client binary at .*hpc-gat-alone/);
  });

  test(
    'may be of another version when the job starts, which is told, and does its work',
    async () => {
      await inFolder('ln -s "$(command -v hpc-gat)" hpc-gat-alone');
      const submitted = await inFolder('hpc-gat submit --id replaced --sbatch hold');
      expect(submitted).toMatchObject({ exitCode: 0 });
      await inFolder(`rm hpc-gat-alone && cat >hpc-gat-alone <<'END' && chmod +x hpc-gat-alone
#!/bin/sh
[ "$1" = --version ] && echo 99.1.2 || exec hpc-gat "$@"
END
        scontrol release "$(jq -r .jobId .hpc-gat/runs/replaced/job.json)"
        until [ -e .hpc-gat/runs/replaced/ended.json ]; do sleep 0.1; done`);
      const { stdout } = await inFolder('hpc-gat logs replaced --only batch');
      expect(stdout).toMatch(/note: the client is hpc-gat 99\.1\.2, the run was made by \d/);
      expect(stdout).toMatch(/ended: passed \(exit code 0\)$/m);
    },
    longMs,
  );

  describe('in an image of its own', () => {
    beforeAll(async () => {
      await importClientImage();
      await configure(clientInImage);
    }, longMs);

    test(
      'whose SIF is made with the one of the server',
      async () => {
        const made = await shell('hpc-gat make-sif --json', {
          node: 'workstation',
          cwd: folder,
          timeoutMs: longMs,
        });
        expect(made).toMatchObject({ exitCode: 0 });
        expect(JSON.parse(made.stdout)).toMatchObject([
          { state: 'up to date', file: `${projectFolder}/triton.sif` },
          { state: 'made', file: `${folder}/client.sif` },
        ]);
      },
      longMs,
    );

    /** Starts a run whose model never gets ready, and waits until its client says that it waits. */
    const startWaiting = async (id: string) => {
      await inFolder(`cp -r ../${quickModels} slow-${id}
        printf 'import time\\nclass TritonPythonModel:\\n  def initialize(self, args): time.sleep(600)\\n' >slow-${id}/model.py
        cd slow-${id}/gat_test && rm 1/* && mv ../model.py 1/ && sed -i 's/^platform.*/backend: "python"/' config.pbtxt`);
      void inFolder(`hpc-gat run --id ${id} --models slow-${id} >${id}.txt 2>&1; echo $? >${id}.code`);
      await inFolder(`until grep -q 'waiting for model' ${id}.txt; do sleep 0.1; done`);
    };
    const clients = `ps -u alice -o args | grep -c '[w]ait-ready' || true`;

    test(
      'ends with SIGTERM to the script, and nothing of it stays',
      async () => {
        await startWaiting('ended');
        expect((await inFolder(clients)).stdout.trim()).not.toBe('0');
        await inFolder(`kill -TERM "$(cut -d ' ' -f 1 .hpc-gat/runs/ended/owned/*/script)"
          until [ -e ended.code ]; do sleep 0.1; done`);
        expect((await inFolder(clients)).stdout.trim()).toBe('0');
        expect((await inFolder('cat .hpc-gat/runs/ended/ended.json')).stdout).toContain('"terminated"');
      },
      longMs,
    );

    test(
      'is ended from outside too, when its script was killed and it does not listen',
      async () => {
        await startWaiting('frozen');
        await inFolder(`kill -KILL "$(cut -d ' ' -f 1 .hpc-gat/runs/frozen/owned/*/script)"
          kill -STOP $(pgrep -x node -P "$(cut -d ' ' -f 1 .hpc-gat/runs/frozen/owned/*/client)")`);
        const { exitCode, stderr } = await inFolder('hpc-gat cleanup frozen');
        expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
        expect((await inFolder(clients)).stdout.trim()).toBe('0');
      },
      longMs,
    );
  });
});
