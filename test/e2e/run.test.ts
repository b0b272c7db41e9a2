import { expect, test } from '@jest/globals';
import { checkLeaksAfterEach } from '../support/expect-no-leaks.ts';
import {
  fewRequests,
  hpcGat,
  createGatProject,
  projectDirectory,
  quickModels,
  shell,
} from '../support/gat-project.ts';
import { describeInLab, labExec } from '../support/lab.ts';

const longMs = 180_000;

function started(run: string): Promise<unknown> {
  return shell(
    `until grep -q server-started .hpc-gat/runs/${run}/events.jsonl 2>/dev/null; do sleep 0.1; done`,
  );
}

describeInLab('run', () => {
  checkLeaksAfterEach(createGatProject);

  test(
    'on the login node starts, tests and stops, with the server on loopback only',
    async () => {
      const running = hpcGat(['run', '--models', fewRequests, '--id', 'login-run']);
      await shell('until [ -e .hpc-gat/runs/login-run/endpoint.json ]; do sleep 0.1; done');
      const listening = (await shell(`ss --no-header --listening --tcp --numeric --processes | grep triton`))
        .stdout;
      const endpoint = JSON.parse((await shell('cat .hpc-gat/runs/login-run/endpoint.json')).stdout) as {
        grpcPort: number;
      };
      expect(listening.trim().split('\n')).toHaveLength(1);
      expect(listening).toMatch(new RegExp(`127\\.0\\.0\\.1\\]?:${endpoint.grpcPort} `));
      expect((await shell('stat --format=%a .hpc-gat/runs/login-run/endpoint.json')).stdout.trim()).toBe(
        '600',
      );
      const url = `127.0.0.1:${endpoint.grpcPort}`;
      const bob = await hpcGat(
        ['wait-ready', '--url', url, '--model', 'gat_test', '--timeout', '1', '--json'],
        { user: 'bob', cwd: '/' },
      );
      expect(bob).toMatchObject({ exitCode: 5, stdout: '', stderr: expect.stringContaining('TLS') });
      expect((await hpcGat(['status', 'login-run'])).stdout).toMatch(
        /login-run +local +RUNNING +login +ready/,
      );
      const { exitCode, stdout, stderr } = await running;
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
      expect(stdout.trimEnd().split('\n').at(-1)).toBe('PASS: infer');
    },
    longMs,
  );

  test(
    'without security warns, and leaves the server open to every user of the node',
    async () => {
      const running = hpcGat(['run', '--models', quickModels, '--security', 'none', '--id', 'open']);
      await shell('until [ -e .hpc-gat/runs/open/endpoint.json ]; do sleep 0.1; done');
      const url = `127.0.0.1:${(await shell('jq .grpcPort .hpc-gat/runs/open/endpoint.json')).stdout.trim()}`;
      const asked = await hpcGat(['wait-ready', '--url', url, '--model', 'gat_test'], {
        user: 'bob',
        cwd: '/',
      });
      expect(asked).toMatchObject({ exitCode: 0 });
      const { exitCode, stderr } = await running;
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
      expect(stderr).toMatch(/^warning: security: none: every user of the node/m);
    },
    longMs,
  );

  test(
    'ends everything on Ctrl-C, with exit code 130',
    async () => {
      const running = shell(
        'hpc-gat run --id interrupted & echo $! >interrupted.pid; wait $!; code=$?; wait $!; exit $code',
        { timeoutMs: 120_000 },
      );
      await started('interrupted');
      await shell('kill -INT "$(cat interrupted.pid)"');
      const { exitCode, stderr } = await running;
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 130 });
      expect((await hpcGat(['cleanup'])).stdout.trim()).toBe('nothing to clean up');
    },
    longMs,
  );

  test(
    'works inside an allocation, on the GPU that Slurm chose, whose driver --nv binds',
    async () => {
      const line = `salloc --quiet --partition=gpu --gres=gpu:1 --time=5 srun hpc-gat run --gpu --models ${quickModels} --id allocated`;
      const running = shell(line, { timeoutMs: 120_000 });
      await started('allocated');
      const host = (await shell('cat .hpc-gat/runs/allocated/owned/*/host')).stdout.trim();
      // The state is read at once, while the server exists; a process that starts or ends has no readable state.
      const [libraries, environment] = await Promise.all([
        shell(
          'apptainer exec instance://$(cat .hpc-gat/runs/allocated/owned/*/instance) ls /.singularity.d/libs',
          { node: host },
        ),
        shell(
          `until pid=$(pgrep -u alice -x tritonserver) && env=$(tr '\\0' '\\n' <"/proc/$pid/environ") && [ -n "$env" ]
          do sleep 0.1; done; echo "$env"`,
          { node: host },
        ),
      ]);
      expect(host).toMatch(/^gpu[12]$/);
      expect(libraries.stdout).toMatch(/libcuda\.so\.1/);
      expect(environment.stdout).toMatch(/^CUDA_VISIBLE_DEVICES=[01]$/m);
      const { exitCode, stdout, stderr } = await running;
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
      expect(stderr).toContain('GPUs in the container: 1');
      expect(stdout.trimEnd().split('\n').at(-1)).toBe('PASS: infer');
    },
    longMs,
  );
});

describeInLab('a run in an odd environment', () => {
  checkLeaksAfterEach(createGatProject);

  test('without a writable home reports that, and ends', async () => {
    const env = { HOME: '/proc/none' };
    const { exitCode, stderr } = await hpcGat(['run', '--models', quickModels, '--id', 'bad-home'], { env });
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 4,
      stderr: expect.stringMatching(
        /\/proc\/none\/\.apptainer cannot be written\n[^]*in your home cannot be written.*APPTAINER_CONFIGDIR/,
      ),
    });
  });

  test(
    "leaves nothing in another directory of Apptainer's either, however it ends",
    async () => {
      const env = { APPTAINER_CONFIGDIR: '/scratch/alice-apptainer' };
      const left = async () => (await shell(`find ${env.APPTAINER_CONFIGDIR} -type f`)).stdout;
      expect(await hpcGat(['run', '--models', quickModels, '--id', 'moved'], { env })).toMatchObject({
        exitCode: 0,
      });
      expect(await left()).toBe('');
      expect(await hpcGat(['start', '--models', quickModels, '--id', 'moved-too'], { env })).toMatchObject({
        exitCode: 0,
      });
      expect(await left()).toMatch(/moved-too/);
      await shell('kill -KILL $(cut -d" " -f1 .hpc-gat/runs/moved-too/owned/*/script)');
      expect(await hpcGat(['cleanup'])).toMatchObject({
        exitCode: 0,
        stdout: expect.stringMatching(/moved-too/),
      });
      expect(await left()).toBe('');
      await shell(`rm -rf ${env.APPTAINER_CONFIGDIR}`);
    },
    longMs,
  );

  test('leaves nothing behind with an Apptainer that is called singularity', async () => {
    const { exitCode, stderr } = await hpcGat([
      ...['run', '--runtime', 'singularity', '--models', quickModels, '--id', 'by-other-name'],
    ]);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect((await shell("find ~/.apptainer ~/.singularity -name 'hpc-gat-by-other-name*'")).stdout).toBe('');
  });

  test('needs no HOME, and does not confuse the end of an allocation that its shell has outlived with its own', async () => {
    const env = { SLURM_JOB_ID: '4242', SLURM_JOB_END_TIME: '1700000000', SLURM_CPUS_PER_TASK: '1' };
    const { exitCode, stderr } = await shell(
      `env --unset=HOME --unset=USER hpc-gat run --models ${quickModels} --id no-home`,
      { env },
    );
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  });
});

describeInLab('a run inside an allocation', () => {
  checkLeaksAfterEach(createGatProject);

  test(
    'is stopped from the login node, by a step of that allocation',
    async () => {
      await shell(`rm -rf busy && cp -r ${quickModels} busy
        sed -i 's/^ANSWER = 0/ANSWER = 1/' busy/gat_test/1/model.py
        sed -i 's/requests: 3/requests: 100/' busy/gat_test/workload.yaml`);
      // No other job fits on its node.
      const line =
        'salloc --quiet --nodelist=cpu1 --exclusive --time=5 srun hpc-gat run --models busy --id inside';
      const running = shell(line, { timeoutMs: 120_000 });
      await shell('until [ -e .hpc-gat/runs/inside/endpoint.json ]; do sleep 0.1; done');
      const ends =
        'end the run on cpu1 if it still runs, and remove its resources there: server, container, shared memory, temporary files';
      expect((await hpcGat(['stop', 'inside', '--dry-run'])).stdout.trim()).toBe(`would: ${ends}`);
      const stopped = await hpcGat(['stop', 'inside']);
      expect(stopped).toMatchObject({ exitCode: 0, stdout: ends });
      const { stderr } = await running;
      expect(stderr).toContain('ended: terminated (exit code 143)');
      expect((await hpcGat(['stop', 'inside'])).stdout.trim()).toBe('nothing to stop');
    },
    longMs,
  );
});

describeInLab('hostile values', () => {
  checkLeaksAfterEach(createGatProject);

  test(
    'reach the server of a job byte by byte, from a project whose path is hostile too',
    async () => {
      const id = `it's "q" $(touch /tmp/owned) \`id\`; ü\\n\nnext #x`;
      const directory = `/home/alice/it's $(touch owned); "ü" %j,x`;
      await labExec('login', ['rm', '-rf', directory]);
      await labExec('login', ['mkdir', '-p', directory]);
      await labExec('login', ['cp', '-r', `${projectDirectory}/${quickModels}`, `${directory}/models`]);
      const settings = {
        site: 'lab',
        image: { file: `${projectDirectory}/triton.sif` },
        triton: { arguments: [`--id=${id}`], env: { HOSTILE: id } },
        slurm: { sbatch: { comment: `"a" \\ 'b' #c $(id)` } },
      };
      // JSON is valid YAML.
      await shell(`cat >"$PWD/hpc-gat.yaml"`, { cwd: directory, input: JSON.stringify(settings) });
      const submitted = hpcGat(['submit', '--wait', '--id', 'hostile'], { cwd: directory });
      await shell('until [ -e .hpc-gat/runs/hostile/endpoint.json ]; do sleep 0.1; done', { cwd: directory });
      const host = (await shell('cat .hpc-gat/runs/hostile/owned/*/host', { cwd: directory })).stdout.trim();
      const server = 'server=/proc/$(pgrep -u alice -x tritonserver)';
      const { stdout } = await shell(`${server}; cat $server/cmdline $server/environ`, { node: host });
      expect(stdout.split('\0')).toEqual(
        expect.arrayContaining([`--id=${id}`, `HOSTILE=${id}`, 'OMP_NUM_THREADS=2']),
      );
      const { exitCode, stderr } = await submitted;
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
      expect((await shell('ls -A /home/alice /tmp', { node: host })).stdout).not.toMatch(/^owned$/m);
    },
    longMs,
  );
});
