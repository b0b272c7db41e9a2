import { expect, test } from '@jest/globals';
import { makeGatProject, projectFolder, shell } from '../support/gat-project.ts';
import { describeInLab } from '../support/lab.ts';
import { leavesNothing } from '../support/look.ts';

const longMs = 120_000;
const fixtures = '/opt/hpc-gat/test/fixtures/models';

async function prepare(): Promise<void> {
  await makeGatProject();
  const { exitCode, stderr } = await shell(`rm -rf own && cp -r ${fixtures} own`);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
}

/** Runs lines of bash while the image's Triton serves the folder `own` on port 23001 of the login node. */
function whileServing(lines: string) {
  return shell(
    `apptainer exec --cleanenv --no-home --bind ${projectFolder}/own:/models:ro triton.sif tritonserver \\
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
  leavesNothing(prepare);

  test(
    'every type of Triton goes there and back, from distributions and files, and is recorded as NumPy has it',
    async () => {
      const types = 'hpc-gat test --url localhost:23001 --workload own/types/workload.yaml';
      const { exitCode, stdout, stderr } = await whileServing(
        `set -e
         ${types} --record
         printf 'reference: { file: reference.npz, tolerance: {} }\\n' >>own/types/workload.yaml
         ${types}`,
      );
      expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: 0 });
      expect(stdout).toMatch(/recorded +3 requests \(seed 3\) of model types, version 1/);
      expect(stdout).toMatch(/reference +request-3: differs by 0 at most \(tolerance 0\)/);
      expect(stdout.trimEnd().split('\n').at(-1)).toBe('PASS: infer');

      const same = `
import numpy as np
stored = np.load("own/types/reference.npz")
names = {name.split(".", 1)[1] for name in stored.files if name.startswith("request-2.")}
for name in names - {name for name in names if name.startswith("out_")}:
    assert (stored["request-2." + name] == stored["request-2.out_" + name]).all(), name
print(len(names), *stored["request-1.uint64"], b"provenance" in stored["provenance.json"] or "provenance.json")
`;
      const inImage = `apptainer exec --cleanenv --no-home --bind ${projectFolder} --pwd ${projectFolder} triton.sif python3 -`;
      const read = await shell(`${inImage} <<'PYTHON'\n${same}\nPYTHON`);
      expect(read.stdout.trim()).toBe('26 0 9007199254740993 18446744073709551615 provenance.json');
    },
    longMs,
  );

  test(
    'batches that Triton makes of requests side by side are seen in its count, with the right answers',
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
      const { statistics } = JSON.parse((await shell('cat own/result.json')).stdout) as {
        statistics: { success: number; executions: number };
      };
      expect(statistics.success).toBe(27);
      expect(statistics.executions).toBeLessThan(27);
    },
    longMs,
  );
});
