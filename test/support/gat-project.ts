import { callOfJest } from './test-lab.ts';
import { type LabExecOptions, labExec, type LabResult } from './lab.ts';

/** The image of defs/triton-cpu in the lab's Docker daemon. */
export const tritonImage = 'hpc-gat/triton-cpu:2.51';

/** The project of the end-to-end tests, on the file system that all nodes share. */
export const projectDirectory = '/home/alice/gat';

/** Another model of the same name, inputs and outputs, without torch, for tests that are about something else. */
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
# Even when nothing has changed Docker looks at every file for seconds: once for all tests of one call of jest.
if [ "$(cat .built-for 2>/dev/null)" != "$BUILT_FOR" ] || ! docker image inspect ${tritonImage} >/dev/null 2>&1; then
  docker build --quiet --tag ${tritonImage} /mnt/triton-cpu
  echo "$BUILT_FOR" >.built-for
fi
hpc-gat make-sif
`;

/** Makes Triton's image and its SIF; in a lab that has them already a matter of seconds. */
export async function makeGatProject(): Promise<void> {
  const { exitCode, stdout, stderr } = await labExec('workstation', ['bash', '-c', makeProject], {
    env: { BUILT_FOR: process.env[callOfJest] ?? '' },
    timeoutMs: 300_000,
  });
  if (exitCode !== 0) {
    throw new Error(`the project could not be made (${exitCode ?? 'signal'}): ${stdout}${stderr}`);
  }
}

/** Calls hpc-gat in the project, as alice on the login node unless told otherwise. */
export function hpcGat(
  args: readonly string[],
  { node = 'login', ...options }: LabExecOptions & { node?: string } = {},
): Promise<LabResult> {
  return labExec(node, ['hpc-gat', ...args], { cwd: projectDirectory, timeoutMs: 120_000, ...options });
}

/** Runs a line of bash in the project, as alice on the login node unless told otherwise. */
export function shell(
  line: string,
  { node = 'login', ...options }: LabExecOptions & { node?: string } = {},
): Promise<LabResult> {
  return labExec(node, ['bash', '-c', line], { cwd: projectDirectory, timeoutMs: 60_000, ...options });
}
