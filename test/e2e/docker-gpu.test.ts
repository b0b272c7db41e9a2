import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { hpcGat, createGatProject, quickModels, shell } from '../support/gat-project.ts';
import { describeInLab, labExec } from '../support/lab.ts';

const node = 'workstation';
const tools = '/opt/gpu-tools';
const longMs = 120_000;

/**
 * Replaces NVIDIA's toolkit for Docker: receives each container that requests a GPU, and adds the lab's `nvidia-smi`
 * for the devices that the daemon names.
 */
const hook = `#!/bin/sh
bundle=$(jq -r .bundle)
devices=$(jq -r '.process.env[] | select(startswith("NVIDIA_VISIBLE_DEVICES=")) | split("=")[1]' "$bundle/config.json")
[ "$devices" != all ] || devices=0,1
program=$(jq -r .root.path "$bundle/config.json")/usr/bin/nvidia-smi
sed "1a CUDA_VISIBLE_DEVICES=$devices" /usr/lib/hpc-gat-lab/nvidia-smi >"$program"
chmod 755 "$program"
`;

/** Starts the lab's daemon with its usual command line and this PATH. */
const restartDocker = (path: string) => `
  set -e
  pid=$(cat /run/docker.pid); mapfile -d '' -t line <"/proc/$pid/cmdline"
  kill "$pid"; timeout 20 sh -c "while [ -e /proc/$pid ]; do sleep 0.1; done"
  PATH=${path} setsid "\${line[@]}" >>/var/log/dockerd.log 2>&1 </dev/null &
  timeout 20 sh -c 'until docker version >/dev/null 2>&1; do sleep 0.1; done'`;

const asRoot = async (line: string, input?: string) => {
  const { exitCode, stderr } = await labExec(node, ['bash', '-c', line], {
    user: 'root',
    ...(input !== undefined && { input }),
  });
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
};

/** Returns the requests of the run's containers to the daemon, while the server exists. */
async function askedOfDocker(run: string): Promise<unknown> {
  const { stdout } = await shell(
    `until [ -e .hpc-gat/runs/${run}/endpoint.json ]; do sleep 0.1; done
     docker inspect --format '{{json .HostConfig.DeviceRequests}}' $(docker ps --quiet --filter label=hpc-gat.run=${run})`,
    { node },
  );
  return JSON.parse(stdout);
}

describeInLab('--runtime docker --gpu, with a stand-in of NVIDIA’s toolkit', () => {
  beforeAll(async () => {
    await createGatProject();
    const file = `${tools}/nvidia-container-runtime-hook`;
    await asRoot(`mkdir -p ${tools}; cat >${file}; chmod 755 ${file}`, hook);
    await asRoot(restartDocker(`${tools}:$PATH`));
  }, longMs);
  afterAll(async () => {
    await asRoot(`rm -rf ${tools}; ${restartDocker('$PATH')}`);
    const left = 'docker ps --all --quiet; docker network ls --quiet --filter label=hpc-gat.run';
    expect((await shell(left, { node })).stdout).toBe('');
  }, longMs);

  test(
    'run passes the GPU of CUDA_VISIBLE_DEVICES to the container',
    async () => {
      const flags = ['--runtime', 'docker', '--gpu', '--models', quickModels, '--id', 'one-gpu'];
      const running = hpcGat(['run', ...flags], { node, env: { CUDA_VISIBLE_DEVICES: '1' } });
      expect(await askedOfDocker('one-gpu')).toEqual([
        expect.objectContaining({ DeviceIDs: ['1'], Capabilities: [['gpu']] }),
      ]);
      const { exitCode, stdout, stderr } = await running;
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
      expect(stderr).toContain('GPUs in the container: 1');
      expect(stdout.trimEnd().split('\n').at(-1)).toBe('PASS: infer');
    },
    longMs,
  );

  test(
    'start passes all GPUs of the machine to the container',
    async () => {
      const flags = ['--runtime', 'docker', '--gpu', '--models', quickModels, '--id', 'all-gpus'];
      const started = await hpcGat(['start', ...flags], { node });
      expect({ exitCode: started.exitCode, stderr: started.stderr }).toMatchObject({ exitCode: 0 });
      expect(started.stderr + started.stdout).toContain('GPUs in the container: 2');
      expect(await askedOfDocker('all-gpus')).toEqual([expect.objectContaining({ Count: -1 })]);
      expect(await hpcGat(['test'], { node })).toMatchObject({
        exitCode: 0,
        stdout: expect.stringContaining('PASS: infer'),
      });
      expect(await hpcGat(['stop'], { node })).toMatchObject({ exitCode: 0 });
    },
    longMs,
  );
});
