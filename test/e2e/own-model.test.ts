import { expect, test } from '@jest/globals';
import { hpcGat, createGatProject, projectDirectory, shell, tritonImage } from '../support/gat-project.ts';
import { describeInLab } from '../support/lab.ts';
import { checkLeaksAfterEach } from '../support/expect-no-leaks.ts';

const longMs = 120_000;
const fixtures = '/opt/hpc-gat/test/fixtures/models';

async function prepare(): Promise<void> {
  await createGatProject();
  // Docker creates its own control group with its first container, and keeps it.
  await shell(`docker run --rm --entrypoint true ${tritonImage}`, { node: 'workstation' });
  const { exitCode, stderr } = await shell(
    `rm -rf own && cp -r ${fixtures} own && tcc -shared -nostdlib -o own/texts/1/libtriton_echo.so own/texts/echo.c`,
  );
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
}

/** Runs lines of bash while the image's Triton serves the directory `setOwner` on port 23001 of the login node. */
function whileServing(lines: string) {
  // tcc does not mark the stack, which glibc treats as a request for an executable stack and rejects in a running
  // program.
  const stack = 'GLIBC_TUNABLES=glibc.rtld.execstack=2';
  return shell(
    `apptainer exec --cleanenv --no-home --env ${stack} --bind ${projectDirectory}/own:/models:ro triton.sif tritonserver \\
       --model-repository=/models --grpc-port=23001 --allow-http=false --allow-metrics=false \\
       --backend-config=python,shm-region-prefix-name=own-model- >own.log 2>&1 &
     server=$!
     ( ${lines} )
     code=$?
     kill "$(ps -o pid=,comm= --ppid "$server" | awk '$2 == "tritonserver" { print $1 }')"; wait "$server"
     rm -rf /tmp/python_env_*
     exit "$code"`,
    { timeoutMs: longMs },
  );
}

describeInLab('own models', () => {
  checkLeaksAfterEach(prepare);

  test(
    'every data type of Triton makes the round trip, from distributions and files, and is recorded as NumPy has it',
    async () => {
      const { exitCode, stdout, stderr } = await whileServing(
        `set -e
         for model in types texts; do
           asked="hpc-gat test --url localhost:23001 --workload own/$model/workload.yaml --image-record triton.sif.json"
           $asked --record
           printf 'reference: { file: reference.npz, tolerance: {} }\\n' >>own/$model/workload.yaml
           $asked
         done
         hpc-gat test --url localhost:23001 --workload own/stream/workload.yaml`,
      );
      expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: 0 });
      // These models are decoupled, have sequences, or have tensors without elements.
      expect(stdout).toContain('counted     model stream, version 1: 4 requests in 4 executions');
      const checked = await hpcGat(['model', 'check', '--models', 'own']);
      expect(checked.stdout.trim()).toBe('no mistake found');
      for (const model of ['types', 'texts']) {
        expect(stdout).toContain(`recorded    3 requests (seed 3) of model ${model}, version 1`);
      }
      expect(stdout.match(/^reference +request-3: differs by 0 at most \(tolerance 0\)/gm)).toHaveLength(2);
      expect(stdout.match(/^PASS: infer$/gm)).toHaveLength(3);
      expect(stdout).toMatch(
        new RegExp(
          `^recorded +\\d{4}-.*, with triton [\\d.]+ from docker-daemon:${tritonImage} \\([0-9a-f]{12}\\)$`,
          'm',
        ),
      );
      expect(stdout).not.toMatch(/^changed/m);

      const same = `
import numpy as np
stored = np.load("own/types/reference.npz")
names = {name.split(".", 1)[1] for name in stored.files if name.startswith("request-2.")}
for name in names - {name for name in names if name.startswith("out_")}:
    assert (stored["request-2." + name] == stored["request-2.out_" + name]).all(), name
print(len(names), *stored["request-1.uint64"], b"provenance" in stored["provenance.json"] or "provenance.json")
texts = np.load("own/texts/reference.npz")
assert set(texts["request-1.out_word"]) <= {b"", b"quark", "Größe".encode(), b"two\\nlines"}
assert texts["request-2.out_line"].tolist() == [[b"a", b"ein ganzer Satz, mit Komma"], ["日本".encode(), b""]]
`;
      const inImage = `apptainer exec --cleanenv --no-home --bind ${projectDirectory} --pwd ${projectDirectory} triton.sif python3 -`;
      const read = await shell(`${inImage} <<'PYTHON'\n${same}\nPYTHON`);
      expect(read.stdout.trim()).toBe('26 0 9007199254740993 18446744073709551615 provenance.json');
    },
    longMs,
  );

  test(
    'batches of concurrent requests are counted, with the right answers',
    async () => {
      const batcher = 'hpc-gat test --url localhost:23001 --workload own/batcher/workload.yaml';
      const { exitCode, stdout, stderr } = await whileServing(
        `${batcher} --record && ${batcher} --result own/result.json`,
      );
      expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: 0 });
      expect(stdout).toMatch(/^max batch +8$/m);
      expect(stdout).toMatch(/^batching +dynamic, waits up to 200000 us$/m);
      expect(stdout).toMatch(/^instances +2 on CPU$/m);
      expect(stdout).toMatch(/executions by batch size: .*\d+ of [2-8]/);
      const { statistics, modelConfig } = JSON.parse((await shell('cat own/result.json')).stdout) as {
        statistics: { success: number; executions: number };
        modelConfig: object;
      };
      expect(modelConfig).toMatchObject({
        maxBatchSize: 8,
        versionPolicy: { latest: { numVersions: 1 } },
        dynamicBatching: { maxQueueDelayMicroseconds: 200_000 },
        instanceGroup: [{ count: 2, kind: 'KIND_CPU' }],
        optimization: { inputPinnedMemory: { enable: true } },
      });
      expect(statistics.success).toBe(27);
      expect(statistics.executions).toBeLessThan(27);
    },
    longMs,
  );

  test.each([
    { runtime: 'apptainer', node: 'login' },
    { runtime: 'docker', node: 'workstation' },
  ])(
    'with $runtime a run serves the chosen models and tests the named ones; settings of tritonserver reach it alone',
    async ({ runtime, node }) => {
      const config = `site: lab
runtime: ${runtime}
image: { source: docker-daemon:${tritonImage} }
model: { repository: own, name: [environment, batcher], serve: [environment, batcher] }
binds: [own-data:/data]
environment: [OWN_NAMED, OWN_GIVEN=given]
triton: { env: { OWN_SERVER: alone }, preload: [/data/libown.so] }
`;
      await shell(
        `cat >own.yaml; rm -rf own-data own/batcher/reference.npz; mkdir own-data
         sed -i '/^reference/d' own/batcher/workload.yaml
         cp -L /lib/x86_64-linux-gnu/libdl.so.2 own-data/libown.so`,
        { input: config, node },
      );
      // The first model answers once the file `go` exists.
      const { exitCode, stdout, stderr } = await shell(
        `export OWN_NAMED=named OWN_OTHER=other
         hpc-gat run --config own.yaml --id ${runtime}-own & run=$!
         until [ -s .hpc-gat/runs/${runtime}-own/client.log ]; do kill -0 $run || exit; sleep 0.1; done
         for process in /proc/[0-9]*; do
           tr '\\0' '\\n' 2>/dev/null <$process/environ | grep -q ^OWN_SERVER= && echo "has it: $(<$process/comm)"
         done
         touch own-data/go
         wait $run`,
        { timeoutMs: longMs, node },
      );
      expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: 0 });
      const having = stdout.split('\n').filter((line) => line.startsWith('has it: '));
      expect([...new Set(having)].sort()).toEqual(['has it: triton_python_b', 'has it: tritonserver']);
      expect(stdout).toMatch(/counted +model environment, version 1: 1 requests/);
      expect(stdout).toMatch(/counted +model batcher, version 1: 24 requests/);
      expect(stdout.trimEnd().split('\n').at(-1)).toBe('PASS: infer');

      const { stdout: log } = await shell(`cat .hpc-gat/runs/${runtime}-own/server.log`, { node });
      const seen = JSON.parse(/^environment: (.*)$/m.exec(log)?.[1] ?? '{}') as Record<string, string>;
      expect(seen).toMatchObject({
        OWN_NAMED: 'named',
        OWN_GIVEN: 'given',
        OWN_SERVER: 'alone',
        LD_PRELOAD: '/data/libown.so',
      });
      expect(seen).not.toHaveProperty('OWN_OTHER');
      expect(log).toContain('mapped: /data/libown.so');
      expect(log).not.toContain("'types'");
    },
    longMs,
  );

  test(
    'reports what cannot be bound or loaded, before the queue where that is possible',
    async () => {
      const run = (settings: string) =>
        shell(
          `printf 'site: lab\\nmodel: { repository: own, name: batcher }\\n${settings}\\n' >bad.yaml
           hpc-gat run --config bad.yaml --id bad; code=$?; hpc-gat cleanup >/dev/null 2>&1; exit $code`,
          { timeoutMs: longMs },
        );
      const bind = await run('binds: [/nowhere]');
      expect(bind.exitCode).toBe(2);
      expect(bind.stderr).toMatch(/no directory or file to bind at \/nowhere[^]*remove it from binds/);
      const preload = await run('triton: { preload: [/nowhere/lib.so] }');
      expect(preload.exitCode).toBe(2);
      expect(preload.stderr).toMatch(/a library of triton.preload is not in the container/);
    },
    longMs,
  );
});
