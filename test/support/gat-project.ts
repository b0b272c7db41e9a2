import { callOfJest } from './test-lab.ts';
import { type LabExecOptions, labExec, type LabResult } from './lab.ts';

/** Name of the image of defs/triton-cpu in the lab's Docker daemon. */
export const tritonImage = 'hpc-gat/triton-cpu:2.51';

/** Path of the end-to-end tests' project, on the shared file system of all nodes. */
export const projectDirectory = '/home/alice/gat';

/** A model with the same name, inputs and outputs but without torch, for tests that are not about the model. */
export const quickModels = 'quick';

/** The real model with three random requests instead of fifty. */
export const fewRequests = 'few-requests';

const makeProject = `
set -e
mkdir -p ${projectDirectory}
cd ${projectDirectory}
rm -rf .hpc-gat
[ -e models ] || cp -r /opt/hpc-gat/models models
[ -e ${quickModels} ] || cp -r /opt/hpc-gat/test/fixtures/quick-models ${quickModels}
[ -e ${fewRequests} ] || cp -r models ${fewRequests}
sed -i 's/requests: 50/requests: 3/' ${fewRequests}/gat_test/workload.yaml
printf 'site: lab\\nimage: { source: docker-daemon:${tritonImage} }\\n' >hpc-gat.yaml
# Once for all tests of one call of jest: even without a change, Docker reads every file for seconds, and make-sif asks Docker.
if [ "$(cat .built-for 2>/dev/null)" != "$BUILT_FOR" ] || ! [ -e triton.sif.json ] || ! docker image inspect ${tritonImage} >/dev/null 2>&1; then
  docker build --quiet --tag ${tritonImage} /mnt/triton-cpu
  hpc-gat make-sif
  echo "$BUILT_FOR" >.built-for
fi
`;

/** Creates the project, and once for each call of jest Triton's image and its SIF. */
export async function createGatProject(): Promise<void> {
  const { exitCode, stdout, stderr } = await labExec('workstation', ['bash', '-c', makeProject], {
    env: { BUILT_FOR: process.env[callOfJest] ?? '' },
    timeoutMs: 300_000,
  });
  if (exitCode !== 0) {
    throw new Error(`the project could not be made (${exitCode ?? 'signal'}): ${stdout}${stderr}`);
  }
}

/** Calls hpc-gat in the project, by default as alice on the login node. */
export function hpcGat(
  args: readonly string[],
  { node = 'login', ...options }: LabExecOptions & { node?: string } = {},
): Promise<LabResult> {
  return labExec(node, ['hpc-gat', ...args], { cwd: projectDirectory, timeoutMs: 120_000, ...options });
}

/** Runs a line of bash in the project, by default as alice on the login node. */
export function shell(
  line: string,
  { node = 'login', ...options }: LabExecOptions & { node?: string } = {},
): Promise<LabResult> {
  return labExec(node, ['bash', '-c', line], { cwd: projectDirectory, timeoutMs: 60_000, ...options });
}
