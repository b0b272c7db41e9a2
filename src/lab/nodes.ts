import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { renderTemplate } from '../render/template.ts';
import { expectSuccess } from '../support/processes/command.ts';
import { NotReadyError } from '../support/errors.ts';
import { readTextIfPresent } from '../support/files/file-access.ts';
import { listBinds, listCachedMounts, type Bind } from './lab-binds.ts';
import { listCgroups } from './cgroups.ts';
import { listGpuFiles } from './configuration.ts';
import { getAddress, nodeDirectory, getNode, nodeWithRole, type Lab } from './open-lab.ts';
import { getHostname, type LabModes } from './modes.ts';
import { connectNode } from './network.ts';
import { killRecorded, findRunningProcess } from './processes.ts';

const LAUNCH_TIMEOUT_MS = 10_000;

/** Parts of a node besides its description; recorded, so that the node can be restarted. */
export interface NodeParts {
  /** Directory of the root file system below the node's overlay. */
  readonly root: string;
  readonly binds: readonly Bind[];
  readonly modes: LabModes;
}

/** Starts a node that is down: its namespaces, its network link and its services. */
export async function startNode(lab: Lab, name: string, parts: NodeParts): Promise<void> {
  const { pidFile, launchLog } = nodeDirectory(lab, name);
  if ((await findRunningProcess(pidFile)) !== undefined) {
    return;
  }
  await rm(pidFile, { force: true });
  const launch = await writeNodeScripts(lab, name, parts);
  expectSuccess(
    await lab.context.run('setsid', ['--fork', '/bin/bash', launch], {
      env: { PATH: lab.context.env.PATH },
      timeoutMs: LAUNCH_TIMEOUT_MS,
    }),
    `starting the namespaces of ${name}`,
  );
  await connectNode(lab, name, await waitForPid(lab, name, launchLog));
}

/** Kills a node immediately, as a power failure does. */
export async function killNode(lab: Lab, name: string): Promise<void> {
  getNode(lab, name);
  await killRecorded(nodeDirectory(lab, name).pidFile, lab.context.clock);
}

async function waitForPid(lab: Lab, name: string, launchLog: string): Promise<number> {
  const { clock, signal } = lab.context;
  const end = clock.now().getTime() + LAUNCH_TIMEOUT_MS;
  while (clock.now().getTime() < end) {
    const record = await findRunningProcess(nodeDirectory(lab, name).pidFile);
    if (record !== undefined) {
      return record.pid;
    }
    await clock.sleep(5, signal);
  }
  const output = (await readTextIfPresent(launchLog))?.trim().split('\n').slice(-3).join('\n');
  throw new NotReadyError(`node ${name} did not start: ${output ?? 'it printed nothing'}`, {
    log: launchLog,
  });
}

/** Writes the scripts that start a node and returns the path of the first one. */
export async function writeNodeScripts(lab: Lab, name: string, parts: NodeParts): Promise<string> {
  const node = getNode(lab, name);
  const { directory, pidFile, log, launchLog } = nodeDirectory(lab, name);
  // /tmp is the node's local disk, which is empty after a restart.
  const temporary = path.join(directory, 'tmp');
  await rm(temporary, { recursive: true, force: true });
  const overlay = path.join(directory, 'overlay');
  for (const made of [log, temporary, overlay]) {
    await mkdir(made, { recursive: true });
  }
  await chmod(log, 0o755);
  await chmod(temporary, 0o1777);

  const compute = node.role === 'compute' ? node : undefined;
  const values = {
    name,
    hostname: getHostname(lab, name, parts.modes),
    address: getAddress(lab, node),
    pidFile,
    log: launchLog,
    init: path.join(directory, 'node-init.sh'),
    cgroups: node.role === 'workstation' ? await listCgroups(lab) : [],
    overlay,
    overlayOptions: `lowerdir=${parts.root},upperdir=${overlay}/upper,workdir=${overlay}/work`,
    gpuDevices:
      compute === undefined
        ? []
        : listGpuFiles(compute).map((file, minor) => ({ file: path.basename(file), minor })),
    binds: await listBinds(lab, name, node, parts),
    cachedMounts: listCachedMounts(node, parts.modes),
    slurm: node.role !== 'workstation',
    controller: node.role === 'controller',
    controllerName: nodeWithRole(lab, 'controller'),
    compute: compute !== undefined,
    gpus: compute?.gpus !== undefined,
    workstation: node.role === 'workstation',
  };
  for (const script of ['launch.sh', 'node-init.sh', 'node-services.sh']) {
    await writeFile(path.join(directory, script), await renderTemplate(`lab/${script}.hbs`, values), {
      mode: 0o755,
    });
  }
  return path.join(directory, 'launch.sh');
}
